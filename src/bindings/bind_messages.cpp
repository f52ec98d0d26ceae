// The texts that messages of Python share with those of runs.
#include "bindings/arguments/mappings.hpp"
#include "core/model/messages.hpp"

namespace hbm::python {
namespace {

using Names = py::typing::Iterable<py::str>;

std::vector<std::string> namesOf(const Names& names) {
  std::vector<std::string> texts;
  for (const py::handle name : names) {
    texts.push_back(textOf(name, "a name"));
  }
  return texts;
}

}  // namespace

void bindMessages(py::module_& module) {
  module.def(
      "_unknown_tensor",
      [](const py::object& model, const std::string& role, const py::object& name, const Names& names) {
        return proseStr(unknownTensor(textOf(model, "a model name"), role, textOf(name, "a name"), namesOf(names)));
      },
      py::arg("model"), py::arg("role"), py::arg("name"), py::arg("names"));
  module.def(
      "_unknown_model",
      [](const py::object& name, const Names& names) {
        return proseStr(unknownModel(textOf(name, "a model name"), namesOf(names)));
      },
      py::arg("name"), py::arg("names"));
  module.def(
      "_describe_type", [](std::int32_t type) { return describeType(static_cast<DataType>(type)); }, py::arg("number"));
  module.def(
      "_wrong_type",
      [](std::int32_t expected, const std::string& given) { return wrongType(static_cast<DataType>(expected), given); },
      py::arg("expected"), py::arg("given"));
  module.def("_wrong_shape", &wrongShape, py::arg("expected"), py::arg("given"));
}

}  // namespace hbm::python
