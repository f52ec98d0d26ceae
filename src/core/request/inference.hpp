// The driver's side of one request: device memory, descriptors, the task.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "core/driver/handles.hpp"
#include "core/model/model.hpp"
#include "hbm_runtime/error.hpp"
#include "hbm_runtime/recorder.hpp"
#include "hbm_runtime/runtime.hpp"
#include "hbm_runtime/tensor.hpp"

namespace hbm {

class Inference {
 public:
  Inference(const Model& model, Targets targets) : model_(model), targets_(targets) {}
  Inference(const Inference&) = delete;
  Inference& operator=(const Inference&) = delete;
  ~Inference() { release(); }

  // Leases memory, copies the inputs in and cleans the cache over them; leases the outputs. Tensors of the call that
  // lie in device memory, in the device's layout, are used in place. Throws Error.
  // Each copy is noted in `copies` unless that is null.
  void prepare(const Call& call, std::vector<CopyRecord>* copies = nullptr);

  enum class Submission : std::uint8_t { kSubmitted, kPoolFull };

  // Makes the task and hands it to the driver. kPoolFull: the driver has no free task; try again later. With a
  // callback: it is called once when the task has ended, unless *hasCallback says that the driver refused it. `here`:
  // a driver that can may compute it on this thread. Throws Error.
  [[nodiscard]] Submission submit(const hbUCPSchedParam& sched, hbUCPTaskDoneCb callback, void* userdata,
                                  bool* hasCallback, bool here);

  // Waits for the task; milliseconds, 0 for ever. The driver's status.
  [[nodiscard]] std::int32_t wait(std::int32_t milliseconds) const;

  // After the task has ended well: makes the outputs readable. Throws Error.
  [[nodiscard]] std::vector<DeviceTensor> collect(std::vector<CopyRecord>* copies = nullptr);

  // After the task has failed: the error that says so, or a better one where the driver knows that the shapes of the
  // inputs do not fit each other (kShape).
  [[nodiscard]] Error failure(Error error) const;

  // After the task has ended, on drivers that tell it: when and where it ran.
  void noteDeviceTimes(RequestTrace& trace) const noexcept;

  // Gives the task and the memory back.
  void release() noexcept;

  // Gives nothing back, ever: the device may still use it.
  void leak() noexcept;

 private:
  using Strides = std::array<std::int64_t, kMaxDimensions>;

  struct Output {
    std::shared_ptr<DeviceBlock> block;
    TensorView target;     // where the caller wants it; rank -1: nowhere in particular
    bool inPlace = false;  // the device writes the target itself
    bool kept = false;     // the driver has kept the result: block is its memory, dense
  };

  // Notes that this request reads or writes the caller's part of a block. Returns true if none of its other tensors
  // uses that part. Throws Error (kState) when a request in flight is in the way.
  [[nodiscard]] bool claim(const std::shared_ptr<DeviceBlock>& block, const TensorView& view, bool writes,
                           const TensorInfo& info);
  void releaseClaims() noexcept;

  // The bytes that were copied.
  std::int64_t prepareInput(std::size_t index, const TensorView& view);
  void prepareOutputs(const std::vector<TensorView>& targets);
  void prepareOutput(std::size_t index);
  void requireSizes() const;
  [[nodiscard]] bool useTarget(std::size_t index);
  void takeKept();
  [[nodiscard]] hbDNNTensorProperties resultProperties(std::size_t index) const;
  // `copied` gets the bytes that were copied.
  [[nodiscard]] DeviceTensor collectOne(std::size_t index, std::int64_t& copied) const;
  [[nodiscard]] DeviceTensor deliver(std::size_t index, const hbDNNTensorProperties& properties,
                                     std::int64_t& copied) const;
  [[nodiscard]] bool goesToTarget(std::size_t index, const hbDNNTensorShape& shape) const;
  void toTarget(std::size_t index, const Strides& written, DeviceTensor& tensor, std::int64_t& copied) const;

  const Model& model_;
  const Targets targets_;
  std::vector<hbDNNTensor> inputTensors_;
  std::vector<hbDNNTensor> outputTensors_;
  std::vector<std::shared_ptr<DeviceBlock>> inputBlocks_;
  std::vector<Output> outputs_;
  std::vector<std::shared_ptr<DeviceBlock>> claimed_;
  Task task_;
};

}  // namespace hbm
