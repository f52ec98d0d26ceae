// The one exception of this library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "hbm_runtime/export.hpp"

namespace hbm {

enum class ErrorKind : std::uint8_t {
  kInput,           // the caller passed something wrong; nothing was done
  kType,            // an argument of a wrong kind
  kFileNotFound,    // no such model file
  kModel,           // not a model, truncated, corrupt, for another march
  kDriver,          // the driver refused or failed
  kDriverNotFound,  // no driver library could be loaded
  kTimeout,         // not done in time; the device goes on
  kDeadline,        // the deadline had passed before the device was reached
  kCancelled,       // cancelled or abandoned
  kQueueFull,       // a bounded queue is full
  kClosed,          // the runtime is closed
  kForked,          // this process is a fork of the one that loaded the driver
  kOutOfResources,  // no device memory, task, thread or memory of the process is left
  kUnsupported,     // this driver cannot do that
  kState,           // not possible in this state
  kShape,           // a shape that does not fit; otherwise as kInput
  kContainer,       // a file or buffer is damaged or no model at all; otherwise as kModel
  kIo,              // a model's file cannot be read
  kPassphrase,      // missing for an encrypted model, not the model's, or given for one that is not encrypted
};

// What the error is about; empty or zero where it does not apply.
struct ErrorContext {
  std::string function;  // the driver's function, such as "hbDNNInferV2"
  std::int32_t status = 0;
  std::string statusName;  // "HB_UCP_TASK_TIMEOUT"
  std::string model;
  std::string tensor;
};

class HBM_API Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message, ErrorContext context = {})
      : std::runtime_error(printable(message)), kind_(kind), context_(std::move(context)) {}

  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }
  [[nodiscard]] const ErrorContext& context() const noexcept { return context_; }

 private:
  // what() ends at the first NUL, which names that callers pass may have.
  static std::string printable(std::string text) {
    for (std::size_t at = text.find('\0'); at != std::string::npos; at = text.find('\0', at)) {
      text.replace(at, 1, "\\0");
    }
    return text;
  }

  ErrorKind kind_;
  ErrorContext context_;
};

}  // namespace hbm
