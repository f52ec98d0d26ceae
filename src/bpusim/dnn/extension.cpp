// The functions of the driver extension that libdnn answers.
#include "arguments.hpp"
#include "engine_library.hpp"
#include "library.hpp"
#include "load_options.hpp"
#include "packed.hpp"

namespace bpusim {
namespace {

[[nodiscard]] std::int32_t inferOutputProperties(hbDNNTensorProperties* /*outputs*/, const hbDNNTensor* /*inputs*/,
                                                 std::int32_t /*withData*/, hbDNNHandle_t /*handle*/) {
  return fail(HB_UCP_OP_CMD_UNAVAILABLE, "not yet");
}

[[nodiscard]] const char* symbolicDimension(hbDNNHandle_t handle, std::int32_t isOutput, std::int32_t tensor,
                                            std::int32_t dimension) {
  const char* name = nullptr;
  static_cast<void>(translated([&] {
    const auto model = ModelTable::instance().model(handle);
    const ModelTensor& found = at(isOutput != 0 ? model->outputs : model->inputs, tensor, "tensor");
    const std::string& symbol = at(found.symbols, dimension, "dimension");
    name = symbol.empty() ? nullptr : symbol.c_str();
  }));
  return name;
}

[[nodiscard]] std::int32_t getOperations(const bpusimOperation** operations, std::int32_t* count,
                                         hbDNNHandle_t handle) {
  return translated([&] {
    require(operations, "operations");
    require(count, "count");
    const auto model = ModelTable::instance().model(handle);
    *operations = model->operationTable.data();
    *count = static_cast<std::int32_t>(model->operationTable.size());
  });
}

[[nodiscard]] std::int32_t operatorTimes(const bpusimOperatorTime** /*times*/, std::int32_t* /*count*/,
                                         hbDNNHandle_t /*handle*/) {
  return fail(HB_UCP_OP_CMD_UNAVAILABLE, "not yet");
}

constexpr ModelInterface kModelInterface = {
    inferOutputProperties,
    symbolicDimension,
    getOperations,
    operatorTimes,
    [](const bpusimLoadOptions* options) { return translated([&] { setLoadOptions(options); }); },
    [] { return ModelTable::instance().livePackedModels(); },
    [](const char* path) { return translated([&] { setEnginePath(path); }); },
};

[[gnu::constructor]] void registerModels() {
  if (tasks() != nullptr) {
    tasks()->registerModels(&kModelInterface);
  }
}

}  // namespace
}  // namespace bpusim
