#include "bindings/arguments/output_arguments.hpp"

#include <algorithm>

#include "bindings/arguments/hints.hpp"
#include "bindings/arguments/mappings.hpp"
#include "bindings/arguments/numpy_interop.hpp"
#include "hbm_runtime/error.hpp"
#include "strided.hpp"

namespace hbm::python {
namespace {

// outputs= and output_names= of one call.
class OutputParser {
 public:
  OutputParser(const Runtime& runtime, const std::vector<ModelNames>& names, Call& call, WantedOutputs& wanted)
      : model_(runtime.model(call.model)), names_(names[call.model]), call_(call), wanted_(wanted) {}

  void addArrays(const py::object& outputs) {
    wanted_.arrays.resize(model_.outputs.size());
    call_.outputs.resize(model_.outputs.size());
    if (!isMapping(outputs)) {
      if (model_.outputs.size() != 1) {
        throw Error(ErrorKind::kInput,
                    "model '" + model_.name + "' has " + std::to_string(model_.outputs.size()) +
                        " outputs; pass outputs as a dict with any of " + listed(names_.outputs),
                    {"", 0, "", model_.name, ""});
      }
      return addArray(0, outputs);
    }
    forEachItem(outputs, [&](const py::object& key, const py::object& value) {
      addArray(positionOf(names_, false, key), value);
    });
  }

  void addNames(const py::object& outputNames) {
    if (PyUnicode_Check(outputNames.ptr()) || !py::isinstance<py::iterable>(outputNames)) {
      throw py::type_error("output_names must be a list of output names, not " + typeName(outputNames));
    }
    for (const py::handle name : py::reinterpret_borrow<py::iterable>(outputNames)) {
      const std::size_t position = positionOf(names_, false, name);
      if (std::find(wanted_.shown.begin(), wanted_.shown.end(), position) != wanted_.shown.end()) {
        const std::string& output = model_.outputs[position].name;
        throw Error(ErrorKind::kInput, "model '" + model_.name + "': output_names has '" + output + "' twice",
                    {"", 0, "", model_.name, output});
      }
      wanted_.shown.push_back(position);
    }
  }

  void addAllNames() {
    for (std::size_t i = 0; i < model_.outputs.size(); ++i) {
      wanted_.shown.push_back(i);
    }
  }

 private:
  void addArray(std::size_t position, const py::object& value) {
    const TensorInfo& info = model_.outputs[position];
    if (!py::isinstance<py::array>(value)) {
      throw py::type_error("outputs: '" + info.name + "' must be a numpy array, not " + typeName(value));
    }
    const auto array = py::reinterpret_borrow<py::array>(value);
    requireTarget(array, model_.name, info);
    call_.outputs[position] = advisedViewOf(array, model_, "output", info);
    wanted_.inPlainMemory |= !isDeviceMemory(call_.outputs[position].data);
    wanted_.arrays[position] = value;
  }

  const ModelInfo& model_;
  const ModelNames& names_;
  Call& call_;
  WantedOutputs& wanted_;
};

// What a keyword says about one model: the entry under the model's name where the keyword is given by model (all values
// satisfy `inner`), else the keyword itself.
py::object forModel(const Runtime& runtime, const py::object& keyword, std::size_t model, bool several,
                    bool (*inner)(py::handle)) {
  if (keyword.is_none()) {
    return py::none();
  }
  bool byModel = isMapping(keyword);
  if (byModel) {
    forEachItem(keyword,
                [&](const py::object& /*key*/, const py::object& value) { byModel = byModel && inner(value); });
  }
  if (byModel) {
    py::object found = py::none();
    forEachItem(keyword, [&](const py::object& key, const py::object& value) {
      if (runtime.modelIndex(textOf(key, "a model name")) == model) {
        found = value;
      }
    });
    return found;
  }
  if (several) {
    throw Error(ErrorKind::kInput, "several models run in this call: give outputs and output_names by model name");
  }
  return keyword;
}

// First byte and end of what a view covers.
std::pair<const char*, const char*> spanOf(const TensorView& view) {
  const char* const data = static_cast<const char*>(view.data);
  const auto bounds =
      strided::boundsOf(view.shape.data(), view.strides.data(), std::min<std::int32_t>(view.rank, kMaxDimensions),
                        static_cast<std::int64_t>(elementSize(view.dtype)));
  return bounds ? std::pair(data + bounds->first, data + bounds->second) : std::pair(data, data);
}

bool overlap(const TensorView& one, const TensorView& other) {
  const auto [begin, end] = spanOf(one);
  const auto [otherBegin, otherEnd] = spanOf(other);
  return begin < otherEnd && otherBegin < end;
}

// What is written by one call may be written or read by no other: they run at the same time. A call's own inputs are
// read before its outputs are written.
void refuseOverlaps(const Runtime& runtime, const std::vector<Call>& calls, const std::vector<WantedOutputs>& wanted) {
  for (std::size_t c = 0; c < calls.size(); ++c) {
    const Call& call = calls[c];
    for (std::size_t i = 0; i < call.outputs.size(); ++i) {
      if (call.outputs[i].rank < 0) {
        continue;
      }
      const auto refuse = [&](const Call& other, const char* role, const std::string& tensor) {
        const ModelInfo& model = runtime.model(call.model);
        throw Error(ErrorKind::kInput,
                    "model '" + model.name + "', output '" + model.outputs[i].name +
                        "': the array shares memory with that of " + role + " '" + tensor + "' of model '" +
                        runtime.model(other.model).name + "'",
                    {"", 0, "", model.name, model.outputs[i].name});
      };
      for (std::size_t d = 0; d < calls.size(); ++d) {
        const Call& other = calls[d];
        for (std::size_t k = 0; d != c && k < other.inputs.size(); ++k) {
          if (other.inputs[k].rank >= 0 && overlap(call.outputs[i], other.inputs[k])) {
            refuse(other, "input", runtime.model(other.model).inputs[k].name);
          }
        }
        for (std::size_t k = 0; k < (d == c ? i : d < c ? other.outputs.size() : 0); ++k) {
          // numpy decides about interleaved arrays.
          if (other.outputs[k].rank >= 0 && overlap(call.outputs[i], other.outputs[k]) &&
              sharesMemory(wanted[c].arrays[i], wanted[d].arrays[k])) {
            refuse(other, "output", runtime.model(other.model).outputs[k].name);
          }
        }
      }
    }
  }
}

}  // namespace

std::vector<WantedOutputs> parseOutputs(const Runtime& runtime, const std::vector<ModelNames>& names,
                                        const py::object& outputs, const py::object& outputNames,
                                        std::vector<Call>& calls) {
  std::vector<WantedOutputs> wanted(calls.size());
  const bool several = calls.size() > 1;
  for (std::size_t c = 0; c < calls.size(); ++c) {
    const std::size_t model = calls[c].model;
    OutputParser parser(runtime, names, calls[c], wanted[c]);
    const py::object arrays = forModel(runtime, outputs, model, several, &isMapping);
    if (!arrays.is_none()) {
      parser.addArrays(arrays);
    }
    const py::object shown = forModel(runtime, outputNames, model, several, [](py::handle) { return true; });
    if (shown.is_none()) {
      parser.addAllNames();
    } else {
      parser.addNames(shown);
    }
  }
  if (!outputs.is_none()) {
    refuseOverlaps(runtime, calls, wanted);
  }
  return wanted;
}

bool isIn(const DeviceTensor& result, const py::array& array) {
  return result.data == array.data() && static_cast<std::size_t>(array.ndim()) == result.shape.size() &&
         std::equal(result.shape.begin(), result.shape.end(), array.shape());
}

py::dict wrapOutputs(const ModelNames& names, const WantedOutputs& wanted, const std::vector<DeviceTensor>& outputs) {
  py::dict arrays;
  for (const std::size_t i : wanted.shown) {
    const bool given = !wanted.arrays.empty() && wanted.arrays[i] &&
                       (wanted.targets == Targets::kExact || isIn(outputs[i], py::array(wanted.arrays[i])));
    arrays[names.outputs[i]] = given ? wanted.arrays[i] : py::object(arrayOf(outputs[i]));
  }
  return arrays;
}

}  // namespace hbm::python
