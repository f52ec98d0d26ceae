#include "bindings/arguments/run_arguments.hpp"

#include <algorithm>

namespace hbm::python {

RunArguments parseRun(const Runtime& runtime, const std::vector<ModelNames>& names, const RunKeywords& keywords) {
  InputArguments inputs = parseInputs(runtime, names, keywords.input, keywords.modelName);
  RunArguments arguments{std::move(inputs.calls), {}, std::move(inputs.keepAlive)};
  if (!keywords.scheduling.empty()) {
    for (const auto& change : parseScheduling(runtime, keywords.scheduling)) {
      const auto call = std::find_if(arguments.calls.begin(), arguments.calls.end(),
                                     [&](const Call& each) { return each.model == change.first; });
      if (call != arguments.calls.end()) {
        call->sched = change.second;
      } else {
        runtime.checkSchedParams({change});  // of a model that does not run in this call
      }
    }
  }
  arguments.wanted = parseOutputs(runtime, names, keywords.outputs, keywords.outputNames, arguments.calls);
  return arguments;
}

}  // namespace hbm::python
