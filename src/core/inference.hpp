// The driver's side of one request: device memory, descriptors, the task.
#pragma once

#include <memory>
#include <vector>

#include "core/handles.hpp"
#include "core/model.hpp"
#include "hbm_runtime/tensor.hpp"

namespace hbm {

class Inference {
 public:
  explicit Inference(const Model& model) : model_(model) {}

  // Leases memory, copies the inputs in and cleans the cache over them; leases the outputs. Throws Error.
  void prepare(const std::vector<TensorView>& inputs);

  enum class Submission : std::uint8_t { kSubmitted, kPoolFull };

  // Makes the task and hands it to the driver. kPoolFull: the driver has no free task; try again later. Throws Error.
  // With a callback: it is called once when the task has ended; kNoCallback of the driver is reported by *hasCallback.
  [[nodiscard]] Submission submit(const hbUCPSchedParam& sched, hbUCPTaskDoneCb callback, void* userdata,
                                  bool* hasCallback);

  // Waits for the task; milliseconds, 0 for ever. The driver's status.
  [[nodiscard]] std::int32_t wait(std::int32_t milliseconds) const;

  // After the task has ended well: makes the outputs readable. Throws Error.
  [[nodiscard]] std::vector<OutputTensor> collect();

  // Gives the task and the inputs' memory back.
  void release() noexcept;

  // Gives nothing back, ever: the device may still use it.
  void leak() noexcept;

 private:
  void prepareInput(std::size_t index, const TensorView& view);
  void prepareOutputs();
  void inferOutputs();

  const Model& model_;
  std::vector<hbDNNTensor> inputs_;
  std::vector<hbDNNTensor> outputs_;
  std::vector<std::shared_ptr<hbUCPSysMem>> inputMemory_;
  std::vector<std::shared_ptr<hbUCPSysMem>> outputMemory_;
  Task task_;
};

}  // namespace hbm
