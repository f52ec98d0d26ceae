// How a failure travels inside libdnn: thrown with its status, turned into status and text at the C functions.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "hobot/dnn/hb_dnn_status.h"

namespace bpusim {

class Error : public std::runtime_error {
 public:
  Error(std::int32_t status, const std::string& text) : std::runtime_error(text), status_(status) {}

  [[nodiscard]] std::int32_t status() const noexcept { return status_; }

 private:
  std::int32_t status_;
};

}  // namespace bpusim
