// hbDNNInferV2, hbDNNGetTaskOutputTensorProperties.
#include <memory>
#include <utility>

#include "dnn/arguments.hpp"
#include "dnn/base/hbucp.hpp"
#include "dnn/entry.hpp"
#include "dnn/model/packed.hpp"
#include "dnn/run/infer_job.hpp"

using namespace bpusim;

BPUSIM_EXPORT std::int32_t hbDNNInferV2(hbUCPTaskHandle_t* task, hbDNNTensor* outputs, const hbDNNTensor* inputs,
                                        hbDNNHandle_t model) {
  return guarded(__func__, [&] {
    // A synchronous inference leaves nothing that results could be taken from.
    auto job = std::make_unique<InferJob>(ModelTable::instance().use(model), outputs, inputs, task != nullptr);
    return task == nullptr ? tasks()->runNow(job.release()) : tasks()->append(task, job.release());
  });
}

BPUSIM_EXPORT std::int32_t hbDNNGetTaskOutputTensorProperties(hbDNNTensorProperties* properties, hbUCPTaskHandle_t task,
                                                              std::int32_t subTaskIndex, std::int32_t outputIndex) {
  return guarded(__func__, [&] {
    require(properties, "properties");
    struct Request {
      hbDNNTensorProperties* properties;
      std::int32_t index;
    } request{properties, outputIndex};
    const auto visit = [](Job* job, void* context) {
      return translated([&] {
        const auto& wanted = *static_cast<const Request*>(context);
        // Every job in a task of this driver is one of ours.
        *wanted.properties = static_cast<InferJob*>(job)->outputProperties(wanted.index);
      });
    };
    return tasks()->withEndedJob(task, subTaskIndex, visit, &request);
  });
}
