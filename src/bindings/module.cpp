// Table of contents of the Python extension.
#include "bindings/bindings.hpp"

PYBIND11_MODULE(_core, module, py::mod_gil_not_used()) {
  module.doc() = "The C++ part of hbm_runtime. Use the names of the package instead.";
  module.attr("__version__") = HBM_RUNTIME_VERSION;
  hbm::python::bindErrors(module);
  hbm::python::bindBuildInfo(module);
  hbm::python::bindEnums(module);
  hbm::python::bindDriver(module);
  hbm::python::bindQuantParams(module);
  hbm::python::bindQuantization(module);
  hbm::python::bindImage(module);
  hbm::python::bindRuntime(module);
}
