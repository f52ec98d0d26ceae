// Table of contents of the Python extension.
#include "bindings/bindings.hpp"

PYBIND11_MODULE(_core_of_main, module, py::mod_gil_not_used()) {
  module.doc() = "The C++ part of hbm_runtime. Use the names of the package instead.";
  module.attr("__version__") = HBM_RUNTIME_VERSION;
  hbm::python::bindErrors(module);
  hbm::python::bindBuildInfo(module);
  hbm::python::bindEnums(module);
  hbm::python::bindMessages(module);
  hbm::python::bindDriver(module);
  hbm::python::bindQuantParams(module);
  hbm::python::bindQuantization(module);
  hbm::python::bindImage(module);
  hbm::python::bindEncryption(module);
  hbm::python::bindRuntime(module);
  hbm::python::bindSharedMapping(module);
}

// pybind11 takes the GIL by PyGILState_Ensure(), which in a sub-interpreter waits for ever for the thread that calls
// it. So the question comes before anything of pybind11.
// NOLINTNEXTLINE(bugprone-reserved-identifier): the name that Python looks up
extern "C" PYBIND11_EXPORT PyObject* PyInit__core() {
  if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
    PyErr_SetString(PyExc_ImportError,
                    "hbm_runtime works in the main interpreter of a process only, and this is a sub-interpreter; for "
                    "mod_wsgi set WSGIApplicationGroup %{GLOBAL}, for uWSGI single-interpreter = true");
    return nullptr;
  }
  return PyInit__core_of_main();
}
