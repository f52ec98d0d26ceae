// Runtimes on the test drivers, whose models are made by their settings.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "drivers/client.hpp"
#include "hbm_runtime/runtime.hpp"
#include "support/check.hpp"

namespace nullmodel {

using namespace std::chrono_literals;

inline constexpr std::chrono::seconds kPatience{60};  // against hangs only

// A file that exists; the test drivers do not read it.
inline std::vector<std::string> anyFile() { return {"/proc/self/exe"}; }

// A runtime on a driver with these settings.
class Loaded {
 public:
  explicit Loaded(const std::string& settings = "") : control(testdriver::control()), runtime_(make(settings)) {}

  testdriver::Control& control;
  hbm::Runtime& operator*() { return runtime_; }
  hbm::Runtime* operator->() { return &runtime_; }

 private:
  hbm::Runtime make(const std::string& settings) {
    control.configure(settings.c_str());
    return hbm::Runtime(anyFile());
  }

  hbm::Runtime runtime_;
};

// Sixteen floats, which the default model takes.
struct Input {
  std::vector<float> values = std::vector<float>(16, 1.5F);

  [[nodiscard]] hbm::TensorView view() const {
    return hbm::denseView(values.data(), hbm::DataType::kF32, {static_cast<std::int64_t>(values.size())});
  }
};

inline hbm::Call callOf(const Input& input, std::size_t model = 0) {
  hbm::Call call;
  call.model = model;
  call.inputs = {input.view()};
  return call;
}

// Returns true if `condition` comes true in time.
inline bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return true;
}

// Returns true once the driver holds nothing for this process any more.
inline bool nothingHeld(testdriver::Control& control) {
  return eventually([&] { return control.liveTasks == 0 && control.livePacked == 0 && control.liveBlocks == 0; });
}

// The error that `action` throws. A failed check when it throws none.
inline hbm::Error errorOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const hbm::Error& error) {
    return error;
  }
  throw check::Failure{"no error was thrown"};
}

}  // namespace nullmodel
