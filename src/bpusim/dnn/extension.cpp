// The functions of the driver extension that libdnn answers.
#include <memory>
#include <vector>

#include "dnn/arguments.hpp"
#include "dnn/base/hbucp.hpp"
#include "dnn/engine/engine_library.hpp"
#include "dnn/engine/load_options.hpp"
#include "dnn/entry.hpp"
#include "dnn/model/packed.hpp"
#include "dnn/run/bound_inputs.hpp"
#include "dnn/run/infer_job.hpp"

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

[[nodiscard]] hbDNNTensorProperties inferredProperties(const ModelTensor& output, const Shape& shape) {
  if (!output.dynamic && isDeclared(output, shape)) {
    return output.properties;
  }
  hbDNNTensorProperties properties = propertiesOf(output, layoutOf(output, shape));
  properties.alignedByteSize = paddedSize(properties.alignedByteSize);
  return properties;
}

[[nodiscard]] std::int32_t inferOutputProperties(hbDNNTensorProperties* outputs, const hbDNNTensor* inputs,
                                                 std::int32_t trustDeclared, hbDNNHandle_t handle) {
  return translated([&] {
    const auto model = ModelTable::instance().model(handle);
    requireArray(outputs, model->outputs.size(), "outputs", model->name);
    requireArray(inputs, model->inputs.size(), "inputs", model->name);
    const std::shared_ptr<const OutputShapes> shapes = outputShapes(*model, shapesOf(*model, inputs));
    const ModelTensor* unknown = nullptr;
    for (std::size_t i = 0; i < shapes->size(); ++i) {
      const ModelTensor& output = model->outputs[i];
      outputs[i] = output.properties;
      // The engine reports no dimensions for a scalar, and where the graph contradicts the declaration.
      if ((*shapes)[i].has_value() && (trustDeclared != 0 || !(*shapes)[i]->empty())) {
        outputs[i] = inferredProperties(output, *(*shapes)[i]);
      } else if (output.dynamic || trustDeclared == 0) {
        outputs[i].validShape.numDimensions = -1;
        unknown = unknown != nullptr ? unknown : &output;
      }
    }
    if (unknown != nullptr) {
      throw Error(HB_UCP_OP_CMD_UNAVAILABLE, "model '" + model->name + "': the size of output '" + unknown->name +
                                                 "' depends on the data of the inputs");
    }
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

[[nodiscard]] std::int32_t getEngine(const char** name, const char** reason, hbDNNHandle_t handle) {
  return translated([&] {
    require(name, "name");
    require(reason, "reason");
    const auto model = ModelTable::instance().model(handle);
    *name = model->engine.name.c_str();
    *reason = model->engine.reason.c_str();
  });
}

[[nodiscard]] const char* describeEngines() {
  thread_local std::string text;
  static_cast<void>(translated([&] { text = ModelTable::instance().engines(); }));
  return text.c_str();
}

[[nodiscard]] std::int32_t takeResults(bpusimResult* results, std::int32_t count, hbUCPTaskHandle_t task,
                                       std::int32_t subTask) {
  return translated([&] {
    require(results, "results");
    struct Request {
      bpusimResult* results;
      std::int32_t count;
    } request{results, count};
    const auto visit = [](Job* job, void* context) {
      return translated([&] {
        const auto& wanted = *static_cast<const Request*>(context);
        static_cast<InferJob*>(job)->takeResults(wanted.results, wanted.count);
      });
    };
    return tasks()->withEndedJob(task, subTask, visit, &request);
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
    takeResults,
    releaseResult,
    getEngine,
    describeEngines,
    [] { return engineMissing() ? 1 : 0; },
};

[[gnu::constructor]] void registerModels() {
  if (tasks() != nullptr) {
    tasks()->registerModels(&kModelInterface);
  }
}

}  // namespace
}  // namespace bpusim
