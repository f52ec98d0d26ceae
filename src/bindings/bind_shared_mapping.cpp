// Shared memory whose owner may take it away, as a buffer.
#include "bindings/objects/constructor.hpp"
#include "core/memory/shared_mapping.hpp"

namespace hbm::python {
namespace {

std::unique_ptr<SharedMapping> makeSharedMapping(int descriptor, std::uint64_t offset, std::size_t size) {
  return std::make_unique<SharedMapping>(descriptor, offset, size);
}

py::buffer_info bufferOf(const SharedMapping& mapping) {
  return {reinterpret_cast<std::uint8_t*>(mapping.data()), static_cast<py::ssize_t>(mapping.size())};
}

}  // namespace

void bindSharedMapping(py::module_& module) {
  py::class_<SharedMapping> cls(module, "SharedMapping", py::buffer_protocol(),
                                "Bytes of an open file, which may be shrunk: what is gone is read as zeros.");
  defConstructor(cls, &makeSharedMapping, py::arg("descriptor"), py::arg("offset"), py::arg("nbytes"))
      .def_buffer(&bufferOf)
      .def_property_readonly("broken", &SharedMapping::broken,
                             "True if bytes were gone when they were touched; it is of no more use then.");
}

}  // namespace hbm::python
