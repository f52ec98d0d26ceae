#include "bindings/arguments/run_arguments.hpp"

#include <algorithm>
#include <optional>

#include "bindings/arguments/hints.hpp"
#include "bindings/arguments/mappings.hpp"
#include "bindings/arguments/numpy_interop.hpp"
#include "hbm_runtime/error.hpp"

namespace hbm::python {
namespace {

enum class Form : std::uint8_t { kArray, kFlat, kNested };

Form formOf(const py::object& input) {
  if (!isMapping(input)) {
    if (isArrayLike(input)) {
      return Form::kArray;
    }
    throw py::type_error(
        "run() takes a numpy array, a dict of arrays by input name, or a dict of such dicts by model name; given " +
        typeName(input) + hintForObject(input));
  }
  bool arrays = false;
  bool mappings = false;
  forEachItem(input, [&](const py::object& key, const py::object& value) {
    (isMapping(value) ? mappings : arrays) = true;
    if (!isMapping(value) && !isArrayLike(value)) {
      throw py::type_error("input " + py::repr(key).cast<std::string>() + " must be a numpy array, not " +
                           typeName(value) + hintForObject(value));
    }
  });
  if (arrays && mappings) {
    throw py::type_error("the dict mixes arrays and dicts; give arrays by input name, or dicts by model name");
  }
  return mappings ? Form::kNested : Form::kFlat;
}

std::string listed(const std::vector<py::str>& names) {
  std::string text;
  for (const py::str& name : names) {
    text += (text.empty() ? "'" : ", '") + textOf(name, "a name") + "'";
  }
  return text;
}

// Position of the input or output that a key names.
std::size_t positionOf(const ModelNames& names, bool input, py::handle key) {
  const py::dict& index = input ? names.inputIndex : names.outputIndex;
  PyObject* position = PyDict_GetItemWithError(index.ptr(), key.ptr());
  if (position == nullptr && PyErr_Occurred() != nullptr) {
    throw py::error_already_set();
  }
  if (position == nullptr) {
    const std::string name = textOf(key, input ? "an input name" : "an output name");
    position = PyDict_GetItemWithError(index.ptr(), nameStr(name).ptr());  // the key may have been bytes
    if (position == nullptr) {
      const std::string model = textOf(names.name, "a model name");
      throw Error(ErrorKind::kInput,
                  "model '" + model + "' has no " + (input ? "input" : "output") + " '" + name + "'; its " +
                      (input ? "inputs are " + listed(names.inputs) : "outputs are " + listed(names.outputs)),
                  {"", 0, "", model, name});
    }
  }
  return PyLong_AsSize_t(position);
}

class Parser {
 public:
  Parser(const Runtime& runtime, const std::vector<ModelNames>& names) : runtime_(runtime), names_(names) {}

  void parse(const py::object& input, const py::object& modelName) {
    std::optional<std::size_t> chosen;
    if (!modelName.is_none()) {
      chosen = runtime_.modelIndex(textOf(modelName, "model_name"));
    }
    switch (formOf(input)) {
      case Form::kArray:
        return addArray(singleModel(chosen), input);
      case Form::kFlat:
        return addFlat(singleModel(chosen), input);
      case Form::kNested:
        return addNested(input, chosen);
    }
  }

  RunArguments take() { return std::move(result_); }

 private:
  [[nodiscard]] std::size_t singleModel(const std::optional<std::size_t>& chosen) const {
    if (chosen) {
      return *chosen;
    }
    if (runtime_.modelCount() != 1) {
      std::vector<py::str> all;
      for (const ModelNames& each : names_) {
        all.push_back(each.name);
      }
      throw Error(ErrorKind::kInput, std::to_string(runtime_.modelCount()) +
                                         " models are loaded: say which one by model_name, one of " + listed(all));
    }
    return 0;
  }

  Call& addCall(std::size_t model) {
    result_.wishes.emplace_back();
    Call& call = result_.calls.emplace_back();
    call.model = model;
    call.inputs.resize(runtime_.model(model).inputs.size());
    return call;
  }

  void setInput(Call& call, std::size_t position, const py::object& value) {
    const ModelInfo& model = runtime_.model(call.model);
    const TensorInfo& input = model.inputs[position];
    if (!isArrayLike(value)) {
      throw py::type_error("model '" + model.name + "', input '" + input.name + "' must be a numpy array, not " +
                           typeName(value) + hintForObject(value));
    }
    if (call.inputs[position].rank >= 0) {
      throw Error(ErrorKind::kInput, "model '" + model.name + "', input '" + input.name + "' is given twice",
                  {"", 0, "", model.name, input.name});
    }
    py::array array = arrayFor(model, input, value);
    try {
      call.inputs[position] = viewOf(array, model.name, "input", input);
    } catch (const Error& error) {
      throw Error(error.kind(), error.what() + hintForArray(model, "input", input, array), error.context());
    }
    result_.keepAlive.push_back(std::move(array));
  }

  // What promises an array may not give it: a tensor of a GPU.
  static py::array arrayFor(const ModelInfo& model, const TensorInfo& input, const py::object& value) {
    try {
      return asArray(value);
    } catch (py::error_already_set& error) {
      const std::string hint = hintForFailedConversion(value);
      if (hint.empty()) {
        throw;
      }
      const std::string text = "model '" + model.name + "', input '" + input.name + "': " + hint;
      py::raise_from(error, PyExc_TypeError, text.c_str());
      throw py::error_already_set();
    }
  }

  void addArray(std::size_t index, const py::object& input) {
    const ModelInfo& model = runtime_.model(index);
    if (model.inputs.size() != 1) {
      throw Error(ErrorKind::kInput,
                  "model '" + model.name + "' has " + std::to_string(model.inputs.size()) +
                      " inputs; an array serves models with exactly one: pass a dict with " +
                      listed(names_[index].inputs) + hintForSingleArray(model, input),
                  {"", 0, "", model.name, ""});
    }
    setInput(addCall(index), 0, input);
  }

  void addFlat(std::size_t index, const py::object& inputs) {
    Call& call = addCall(index);
    forEachItem(inputs, [&](const py::object& key, const py::object& value) {
      setInput(call, positionOf(names_[index], true, key), value);
    });
  }

  void addNested(const py::object& input, const std::optional<std::size_t>& chosen) {
    bool found = false;
    forEachItem(input, [&](const py::object& key, const py::object& value) {
      const std::size_t index = runtime_.modelIndex(textOf(key, "a model name"));
      if (chosen && index != *chosen) {
        return;
      }
      found = true;
      for (const Call& call : result_.calls) {
        if (call.model == index) {
          const std::string& name = runtime_.model(index).name;
          throw Error(ErrorKind::kInput, "model '" + name + "' is given twice", {"", 0, "", name, ""});
        }
      }
      addFlat(index, value);
    });
    if (chosen && !found) {
      const std::string name = textOf(names_[*chosen].name, "a model name");
      throw Error(ErrorKind::kInput, "model_name is '" + name + "', but the inputs have no entry for that model",
                  {"", 0, "", name, ""});
    }
  }

  const Runtime& runtime_;
  const std::vector<ModelNames>& names_;
  RunArguments result_;
};

// outputs= and output_names= of one call.
class OutputParser {
 public:
  OutputParser(const Runtime& runtime, const std::vector<ModelNames>& names, Call& call, OutputWish& wish)
      : model_(runtime.model(call.model)), names_(names[call.model]), call_(call), wish_(wish) {}

  void addArrays(const py::object& outputs) {
    wish_.arrays.resize(model_.outputs.size());
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
      if (std::find(wish_.shown.begin(), wish_.shown.end(), position) != wish_.shown.end()) {
        const std::string& output = model_.outputs[position].name;
        throw Error(ErrorKind::kInput, "model '" + model_.name + "': output_names has '" + output + "' twice",
                    {"", 0, "", model_.name, output});
      }
      wish_.shown.push_back(position);
    }
  }

  void addAllNames() {
    for (std::size_t i = 0; i < model_.outputs.size(); ++i) {
      wish_.shown.push_back(i);
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
    try {
      call_.outputs[position] = viewOf(array, model_.name, "output", info);
    } catch (const Error& error) {
      throw Error(error.kind(), error.what() + hintForArray(model_, "output", info, array), error.context());
    }
    wish_.inPlainMemory |= !isDeviceMemory(call_.outputs[position].data);
    wish_.arrays[position] = value;
  }

  const ModelInfo& model_;
  const ModelNames& names_;
  Call& call_;
  OutputWish& wish_;
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
  const char* begin = static_cast<const char*>(view.data);
  const char* end = begin + elementSize(view.dtype);
  for (std::size_t i = 0; i < std::min<std::size_t>(static_cast<std::size_t>(view.rank), view.shape.size()); ++i) {
    if (view.shape[i] == 0) {
      return {begin, begin};
    }
    const std::int64_t reach = (view.shape[i] - 1) * view.strides[i];
    (reach < 0 ? begin : end) += reach;
  }
  return {begin, end};
}

bool overlap(const TensorView& one, const TensorView& other) {
  const auto [begin, end] = spanOf(one);
  const auto [otherBegin, otherEnd] = spanOf(other);
  return begin < otherEnd && otherBegin < end;
}

// What is written by one call may be written or read by no other: they run at the same time. A call's own inputs are
// read before its outputs are written.
void refuseOverlaps(const Runtime& runtime, const RunArguments& arguments) {
  for (std::size_t c = 0; c < arguments.calls.size(); ++c) {
    const Call& call = arguments.calls[c];
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
      for (std::size_t d = 0; d < arguments.calls.size(); ++d) {
        const Call& other = arguments.calls[d];
        for (std::size_t k = 0; d != c && k < other.inputs.size(); ++k) {
          if (other.inputs[k].rank >= 0 && overlap(call.outputs[i], other.inputs[k])) {
            refuse(other, "input", runtime.model(other.model).inputs[k].name);
          }
        }
        for (std::size_t k = 0; k < (d == c ? i : d < c ? other.outputs.size() : 0); ++k) {
          // Interleaved arrays are told apart by numpy.
          if (other.outputs[k].rank >= 0 && overlap(call.outputs[i], other.outputs[k]) &&
              sharesMemory(arguments.wishes[c].arrays[i], arguments.wishes[d].arrays[k])) {
            refuse(other, "output", runtime.model(other.model).outputs[k].name);
          }
        }
      }
    }
  }
}

void parseOutputs(const Runtime& runtime, const std::vector<ModelNames>& names, const RunKeywords& keywords,
                  RunArguments& arguments) {
  const bool several = arguments.calls.size() > 1;
  for (std::size_t c = 0; c < arguments.calls.size(); ++c) {
    const std::size_t model = arguments.calls[c].model;
    OutputParser parser(runtime, names, arguments.calls[c], arguments.wishes[c]);
    const py::object arrays = forModel(runtime, keywords.outputs, model, several, &isMapping);
    if (!arrays.is_none()) {
      parser.addArrays(arrays);
    }
    const py::object shown = forModel(runtime, keywords.outputNames, model, several, [](py::handle) { return true; });
    if (shown.is_none()) {
      parser.addAllNames();
    } else {
      parser.addNames(shown);
    }
  }
  if (!keywords.outputs.is_none()) {
    refuseOverlaps(runtime, arguments);
  }
}

}  // namespace

std::vector<ModelNames> namesOf(const Runtime& runtime) {
  std::vector<ModelNames> all;
  for (std::size_t m = 0; m < runtime.modelCount(); ++m) {
    const ModelInfo& model = runtime.model(m);
    ModelNames names;
    names.name = nameStr(model.name);
    for (std::size_t i = 0; i < model.inputs.size(); ++i) {
      names.inputs.push_back(nameStr(model.inputs[i].name));
      names.inputIndex[names.inputs.back()] = i;
    }
    for (std::size_t i = 0; i < model.outputs.size(); ++i) {
      names.outputs.push_back(nameStr(model.outputs[i].name));
      names.outputIndex[names.outputs.back()] = i;
    }
    all.push_back(std::move(names));
  }
  return all;
}

RunArguments parseRun(const Runtime& runtime, const std::vector<ModelNames>& names, const RunKeywords& keywords) {
  Parser parser(runtime, names);
  parser.parse(keywords.input, keywords.modelName);
  RunArguments arguments = parser.take();
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
  parseOutputs(runtime, names, keywords, arguments);
  return arguments;
}

bool isIn(const DeviceTensor& result, const py::array& array) {
  return result.data == array.data() && static_cast<std::size_t>(array.ndim()) == result.shape.size() &&
         std::equal(result.shape.begin(), result.shape.end(), array.shape());
}

py::dict wrapOutputs(const ModelNames& names, const OutputWish& wish, const std::vector<DeviceTensor>& outputs) {
  py::dict arrays;
  for (const std::size_t i : wish.shown) {
    const bool given = !wish.arrays.empty() && wish.arrays[i] &&
                       (wish.targets == Targets::kExact || isIn(outputs[i], py::array(wish.arrays[i])));
    arrays[names.outputs[i]] = given ? wish.arrays[i] : py::object(arrayOf(outputs[i]));
  }
  return arrays;
}

}  // namespace hbm::python
