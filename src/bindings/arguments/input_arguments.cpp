#include "bindings/arguments/input_arguments.hpp"

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

class InputParser {
 public:
  InputParser(const Runtime& runtime, const std::vector<ModelNames>& names) : runtime_(runtime), names_(names) {}

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

  InputArguments take() { return std::move(result_); }

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
    call.inputs[position] = advisedViewOf(array, model, "input", input);
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
  InputArguments result_;
};

}  // namespace

InputArguments parseInputs(const Runtime& runtime, const std::vector<ModelNames>& names, const py::object& input,
                           const py::object& modelName) {
  InputParser parser(runtime, names);
  parser.parse(input, modelName);
  return parser.take();
}

}  // namespace hbm::python
