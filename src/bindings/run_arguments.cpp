#include "bindings/run_arguments.hpp"

#include <algorithm>
#include <optional>

#include "bindings/numpy_interop.hpp"
#include "hbm_runtime/error.hpp"

namespace hbm::python {
namespace {

enum class Form : std::uint8_t { kArray, kFlat, kNested };

std::string typeName(py::handle object) { return Py_TYPE(object.ptr())->tp_name; }

// Items of a mapping in its order. A dict is read without building a list.
template <class Visit>
void forEachItem(const py::object& mapping, const Visit& visit) {
  if (PyDict_CheckExact(mapping.ptr())) {
    for (const auto& [key, value] : py::reinterpret_borrow<py::dict>(mapping)) {
      visit(key, value);
    }
    return;
  }
  for (const py::handle item : mapping.attr("items")()) {
    const auto pair = py::reinterpret_borrow<py::tuple>(item);
    visit(py::object(pair[0]), py::object(pair[1]));
  }
}

Form formOf(const py::object& input) {
  if (!isMapping(input)) {
    if (isArrayLike(input)) {
      return Form::kArray;
    }
    throw py::type_error(
        "run() takes a numpy array, a dict of arrays by input name, or a dict of such dicts by model name; given " +
        typeName(input) + " (convert lists and scalars with numpy.asarray)");
  }
  bool arrays = false;
  bool mappings = false;
  forEachItem(input, [&](py::handle key, py::handle value) {
    (isMapping(value) ? mappings : arrays) = true;
    if (!isMapping(value) && !isArrayLike(value)) {
      throw py::type_error("input " + py::repr(key).cast<std::string>() + " must be a numpy array, not " +
                           typeName(value) + " (convert lists and scalars with numpy.asarray)");
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
    text += (text.empty() ? "'" : ", '") + name.cast<std::string>() + "'";
  }
  return text;
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
                           typeName(value) + " (convert lists and scalars with numpy.asarray)");
    }
    if (call.inputs[position].rank >= 0) {
      throw Error(ErrorKind::kInput, "model '" + model.name + "', input '" + input.name + "' is given twice",
                  {"", 0, "", model.name, input.name});
    }
    py::array array = asArray(value);
    call.inputs[position] = viewOf(array, model.name, input);
    result_.keepAlive.push_back(std::move(array));
  }

  void addArray(std::size_t index, const py::object& input) {
    const ModelInfo& model = runtime_.model(index);
    if (model.inputs.size() != 1) {
      throw Error(ErrorKind::kInput,
                  "model '" + model.name + "' has " + std::to_string(model.inputs.size()) +
                      " inputs; an array serves models with exactly one: pass a dict with " +
                      listed(names_[index].inputs),
                  {"", 0, "", model.name, ""});
    }
    setInput(addCall(index), 0, input);
  }

  void addFlat(std::size_t index, const py::object& inputs) {
    Call& call = addCall(index);
    forEachItem(inputs, [&](py::handle key, py::handle value) {
      setInput(call, inputPosition(index, key), py::reinterpret_borrow<py::object>(value));
    });
  }

  [[nodiscard]] std::size_t inputPosition(std::size_t index, py::handle key) const {
    const ModelNames& names = names_[index];
    PyObject* position = PyDict_GetItemWithError(names.inputIndex.ptr(), key.ptr());
    if (position == nullptr && PyErr_Occurred() != nullptr) {
      throw py::error_already_set();
    }
    if (position != nullptr) {
      return PyLong_AsSize_t(position);
    }
    const std::string name = textOf(key, "an input name");
    const ModelInfo& model = runtime_.model(index);
    for (std::size_t i = 0; i < model.inputs.size(); ++i) {
      if (model.inputs[i].name == name) {
        return i;  // the key was bytes
      }
    }
    throw Error(ErrorKind::kInput,
                "model '" + model.name + "' has no input '" + name + "'; its inputs are " + listed(names.inputs),
                {"", 0, "", model.name, name});
  }

  void addNested(const py::object& input, const std::optional<std::size_t>& chosen) {
    bool found = false;
    forEachItem(input, [&](py::handle key, py::handle value) {
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
      addFlat(index, py::reinterpret_borrow<py::object>(value));
    });
    if (chosen && !found) {
      const std::string name = names_[*chosen].name.cast<std::string>();
      throw Error(ErrorKind::kInput, "model_name is '" + name + "', but the inputs have no entry for that model",
                  {"", 0, "", name, ""});
    }
    std::sort(result_.calls.begin(), result_.calls.end(),
              [](const Call& a, const Call& b) { return a.model < b.model; });
  }

  const Runtime& runtime_;
  const std::vector<ModelNames>& names_;
  RunArguments result_;
};

}  // namespace

std::vector<ModelNames> namesOf(const Runtime& runtime) {
  std::vector<ModelNames> all;
  for (std::size_t m = 0; m < runtime.modelCount(); ++m) {
    const ModelInfo& model = runtime.model(m);
    ModelNames names;
    names.name = py::str(model.name);
    for (std::size_t i = 0; i < model.inputs.size(); ++i) {
      names.inputs.emplace_back(model.inputs[i].name);
      names.inputIndex[names.inputs.back()] = i;
    }
    for (const TensorInfo& output : model.outputs) {
      names.outputs.emplace_back(output.name);
    }
    all.push_back(std::move(names));
  }
  return all;
}

RunArguments parseRun(const Runtime& runtime, const std::vector<ModelNames>& names, const py::object& input,
                      const py::object& modelName, const SchedulingArguments& scheduling) {
  Parser parser(runtime, names);
  parser.parse(input, modelName);
  RunArguments arguments = parser.take();
  if (!scheduling.empty()) {
    const auto overrides = parseScheduling(runtime, scheduling);
    for (const auto& [index, each] : overrides) {
      for (Call& call : arguments.calls) {
        if (call.model == index) {
          call.sched = each;
        }
      }
    }
  }
  return arguments;
}

}  // namespace hbm::python
