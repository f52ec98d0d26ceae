// What libdnn.so of a test driver needs of its libhbucp.so.
#pragma once

#include <cstdint>
#include <vector>

#include "drivers/control.hpp"
#include "drivers/settings.hpp"
#include "hobot/dnn/hb_dnn.h"

#define TEST_DRIVER_API extern "C" __attribute__((visibility("default")))

// Exported from libhbucp.so for libdnn.so.
namespace testdriver __attribute__((visibility("default"))) {

  // Counts the call. Returns the status to fail with, or success.
  [[nodiscard]] std::int32_t countCall(Function function);

  [[nodiscard]] const Settings& settings();

  // A new task that will copy inputs to outputs where the settings say so; nullptr when none is free.
  [[nodiscard]] hbUCPTaskHandle_t createTask(std::vector<hbDNNTensor> inputs, std::vector<hbDNNTensor> outputs);

  // Properties of an output of a task that has ended; nullptr when there is none.
  [[nodiscard]] const hbDNNTensorProperties* outputOf(hbUCPTaskHandle_t task, std::int32_t index);

  // How this hbDNNInferV2 call says that no task is free; kNone when one is.
  enum class Refusal : std::uint8_t { kNone, kNullHandle, kStatus };
  [[nodiscard]] Refusal refusal();

}  // namespace testdriver

#define TEST_DRIVER_COUNT_CALL(name)                                                                       \
  if (const std::int32_t failure = testdriver::countCall(testdriver::k_##name); failure != HB_UCP_SUCCESS) \
  return failure
