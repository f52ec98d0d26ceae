// The engine called directly, with one thread and tensors that stay.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dnn/engine/ort_api.hpp"

namespace bench {

// The engine's functions, of a library that is never closed. Throws std::runtime_error.
class Engine {
 public:
  // The engine of this process; the library that was named first.
  [[nodiscard]] static const Engine& of(const std::string& library);

  explicit Engine(const std::string& library);

  void require(bpusim::ort::Status* status) const;
  [[nodiscard]] const bpusim::ort::Functions& api() const { return api_; }
  [[nodiscard]] bpusim::ort::Env* environment() const { return environment_; }

 private:
  bpusim::ort::Functions api_;
  bpusim::ort::Env* environment_ = nullptr;
};

// A session on a model whose inputs have static shapes.
class EngineModel {
 public:
  EngineModel(const Engine& engine, const std::string& path);
  EngineModel(const EngineModel&) = delete;
  EngineModel& operator=(const EngineModel&) = delete;
  ~EngineModel();

  // Any number of threads may call it, each with tensors of its own.
  struct Tensors;
  [[nodiscard]] std::shared_ptr<Tensors> makeTensors() const;
  void run(const Tensors& tensors) const;

 private:
  struct Declared;
  [[nodiscard]] Declared declared(bool output, std::size_t index) const;

  const Engine& engine_;
  bpusim::ort::Session* session_ = nullptr;
};

}  // namespace bench
