// How a failure travels inside libdnn: thrown with its status, turned into status and text at the C functions.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "hobot/dnn/hb_dnn_status.h"

namespace bpusim {

class Error : public std::runtime_error {
 public:
  Error(std::int32_t status, const std::string& text, std::string model = "", std::string tensor = "")
      : std::runtime_error(text), status_(status), model_(std::move(model)), tensor_(std::move(tensor)) {}

  [[nodiscard]] std::int32_t status() const noexcept { return status_; }

  // What it is about; "" where nothing is known.
  [[nodiscard]] const std::string& model() const noexcept { return model_; }
  [[nodiscard]] const std::string& tensor() const noexcept { return tensor_; }

 private:
  std::int32_t status_;
  std::string model_;
  std::string tensor_;
};

// make(), whose errors are about a tensor of a model.
template <class Make>
auto about(const std::string& model, std::string_view tensor, Make&& make) {
  try {
    return make();
  } catch (const Error& error) {
    throw Error(error.status(), error.what(), model, std::string(tensor));
  }
}

}  // namespace bpusim
