// Load options: keywords of HB_HBMRuntime to fields of LoadOptions, by the rows of bpusim/load_options.inc.
#pragma once

#include "bindings/bindings.hpp"
#include "hbm_runtime/runtime.hpp"

namespace hbm::python {

// From a dict by keyword, whose values have the types of loadOptionKinds(); "passphrase" is bytes. Throws Error and
// pybind11::cast_error.
[[nodiscard]] LoadOptions loadOptions(const py::dict& given);

void bindLoadOptions(py::module_& module);

}  // namespace hbm::python
