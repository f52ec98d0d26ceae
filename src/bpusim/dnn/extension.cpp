// The functions of the driver extension that libdnn answers.
#include <algorithm>
#include <memory>
#include <vector>

#include "arguments.hpp"
#include "bound_inputs.hpp"
#include "engine_library.hpp"
#include "infer_job.hpp"
#include "library.hpp"
#include "load_options.hpp"
#include "packed.hpp"

namespace bpusim {
namespace {

// The shapes in the inputs' properties, checked against the model.
[[nodiscard]] std::vector<Shape> shapesOf(const Model& model, const hbDNNTensor* inputs) {
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i < model.inputs.size(); ++i) {
    const hbDNNTensorShape& shape = inputs[i].properties.validShape;
    checkInputShape(model.inputs[i], shape, model.name);
    shapes.emplace_back(shape.dimensionSize, shape.dimensionSize + shape.numDimensions);
  }
  return shapes;
}

[[nodiscard]] std::int32_t inferOutputProperties(hbDNNTensorProperties* outputs, const hbDNNTensor* inputs,
                                                 std::int32_t withData, hbDNNHandle_t handle) {
  return translated([&]() -> std::int32_t {
    const auto model = ModelTable::instance().model(handle);
    requireArray(outputs, model->outputs.size(), "outputs", model->name);
    requireArray(inputs, model->inputs.size(), "inputs", model->name);
    const auto set = [&](auto&& shapeAt) {
      for (std::size_t i = 0; i < model->outputs.size(); ++i) {
        outputs[i] = propertiesFor(model->outputs[i], shapeAt(i));
      }
    };
    const std::vector<Shape> given = shapesOf(*model, inputs);
    if (std::none_of(model->outputs.begin(), model->outputs.end(), [](const auto& output) { return output.dynamic; })) {
      set([](std::size_t) { return Shape(); });
      return HB_UCP_SUCCESS;
    }
    const std::shared_ptr<const OutputShapes> shapes = outputShapes(*model, given);
    const auto unknown = [&](std::size_t i) { return model->outputs[i].dynamic && !(*shapes)[i].has_value(); };
    std::size_t first = 0;
    while (first < model->outputs.size() && !unknown(first)) {
      ++first;
    }
    if (first == model->outputs.size()) {
      set([&](std::size_t i) { return (*shapes)[i].value_or(Shape()); });
      return HB_UCP_SUCCESS;
    }
    if (withData == 0) {
      throw Error(HB_UCP_OP_CMD_UNAVAILABLE, "model '" + model->name + "': the size of output '" +
                                                 model->outputs[first].name + "' depends on the data of the inputs");
    }
    std::vector<Shape> measured;
    auto job = std::make_unique<ShapeJob>(ModelTable::instance().use(handle), inputs, measured);
    if (const std::int32_t status = tasks()->runNow(job.release()); status != HB_UCP_SUCCESS) {
      return status;
    }
    set([&](std::size_t i) { return measured[i]; });
    return HB_UCP_SUCCESS;
  });
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

[[nodiscard]] std::int32_t operatorTimes(const bpusimOperatorTime** times, std::int32_t* count, hbDNNHandle_t handle) {
  return translated([&] {
    require(times, "times");
    require(count, "count");
    const auto model = ModelTable::instance().model(handle);
    if (!model->session->profiled()) {
      throw Error(HB_UCP_API_USE_ERROR, "model '" + model->name + "' was loaded without the load option profile");
    }
    const std::vector<bpusimOperatorTime>& table = model->session->takeTimes();
    *times = table.data();
    *count = static_cast<std::int32_t>(table.size());
  });
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
