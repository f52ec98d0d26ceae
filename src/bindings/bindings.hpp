// What every file of the Python extension starts with.
#pragma once

#include <pybind11/native_enum.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/typing.h>

namespace py = pybind11;

namespace hbm::python {

void bindErrors(py::module_& module);
void bindBuildInfo(py::module_& module);
void bindEnums(py::module_& module);
void bindMessages(py::module_& module);
void bindDriver(py::module_& module);
void bindQuantParams(py::module_& module);
void bindQuantization(py::module_& module);
void bindImage(py::module_& module);
void bindEncryption(py::module_& module);
void bindRuntime(py::module_& module);
void bindSharedMapping(py::module_& module);

}  // namespace hbm::python
