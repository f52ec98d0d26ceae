#include "bindings/arguments/hints.hpp"

#include <pybind11/gil_safe_call_once.h>

#include <utility>
#include <vector>

#include "bindings/arguments/mappings.hpp"
#include "bindings/arguments/numpy_interop.hpp"

namespace hbm::python {
namespace {

const py::module_& hints() {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<py::module_> storage;
  return storage.call_once_and_store_result([] { return py::module_::import("hbm_runtime._running.hints"); })
      .get_stored();
}

py::object tensorOf(const std::vector<std::int64_t>& shape, const std::string& dtype) {
  return hints().attr("Tensor")(shape, dtype);
}

// numpy.bool is missing in numpy 1.24 to 1.26.
std::string numpyAttribute(DataType type) { return type == DataType::kBool8 ? "bool_" : numpyName(type); }

py::object tensorOf(const TensorInfo& info) { return tensorOf(info.shape, numpyAttribute(info.dtype)); }

py::object tensorOf(const TensorView& view) {
  return tensorOf({view.shape.begin(), view.shape.begin() + view.rank}, numpyAttribute(view.dtype));
}

py::object tensorOf(const py::array& array) {
  return tensorOf({array.shape(), array.shape() + array.ndim()}, py::str(array.dtype()).cast<std::string>());
}

py::dict inputsOf(const ModelInfo& model) {
  py::dict inputs;
  for (const TensorInfo& input : model.inputs) {
    inputs[nameStr(input.name)] = tensorOf(input);
  }
  return inputs;
}

// A hint never hides the error that it is about.
template <class Ask>
std::string asked(const Ask& ask) {
  try {
    const py::object text = ask();
    return text.cast<std::string>();
  } catch (const std::exception&) {
    return "";
  }
}

std::string behind(const std::string& hint) { return hint.empty() ? "" : "; " + hint; }

std::string hintFor(const ModelInfo& model, const std::string& role, const TensorInfo& tensor,
                    const py::object& given) {
  return behind(asked([&] {
    return role == "output"
               ? hints().attr("about_output")(given, tensorOf(tensor))
               : hints().attr("about_input")(given, tensorOf(tensor), nameStr(tensor.name), inputsOf(model));
  }));
}

const TensorView* viewOf(const std::vector<TensorInfo>& tensors, const std::vector<TensorView>& views,
                         const std::string& name, const TensorInfo*& found) {
  for (std::size_t i = 0; i < views.size() && i < tensors.size(); ++i) {
    if (tensors[i].name == name && views[i].rank >= 0 && views[i].rank <= kMaxDimensions) {
      found = &tensors[i];
      return &views[i];
    }
  }
  return nullptr;
}

}  // namespace

std::string hintForObject(py::handle value) {
  const std::string hint = asked([&] { return hints().attr("about_object")(value); });
  return hint.empty() ? "" : " (" + hint + ")";
}

std::string hintForFailedConversion(py::handle value) {
  return asked([&] { return hints().attr("about_failed_conversion")(value); });
}

std::string hintForArray(const ModelInfo& model, const char* role, const TensorInfo& tensor, const py::array& array) {
  return hintFor(model, role, tensor, tensorOf(array));
}

TensorView advisedViewOf(const py::array& array, const ModelInfo& model, const char* role, const TensorInfo& tensor) {
  try {
    return hbm::python::viewOf(array, model.name, role, tensor);
  } catch (const Error& error) {
    throw Error(error.kind(), error.what() + hintForArray(model, role, tensor, array), error.context());
  }
}

std::string hintForSingleArray(const ModelInfo& model, const py::object& array) {
  return behind(asked([&] { return hints().attr("about_single_array")(tensorOf(asArray(array)), inputsOf(model)); }));
}

Error withHint(const Error& error, const Runtime& runtime, const std::vector<Call>& calls) {
  if (error.kind() != ErrorKind::kInput && error.kind() != ErrorKind::kShape) {
    return error;
  }
  for (const Call& call : calls) {
    const ModelInfo& model = runtime.model(call.model);
    if (model.name != error.context().model || error.context().tensor.empty()) {
      continue;
    }
    const TensorInfo* tensor = nullptr;
    const bool input = std::string(error.what()).find(", input '") != std::string::npos;
    const TensorView* const view = input ? viewOf(model.inputs, call.inputs, error.context().tensor, tensor)
                                         : viewOf(model.outputs, call.outputs, error.context().tensor, tensor);
    if (view != nullptr) {
      return {error.kind(), error.what() + hintFor(model, input ? "input" : "output", *tensor, tensorOf(*view)),
              error.context()};
    }
  }
  return error;
}

}  // namespace hbm::python
