// Members of the Python enums for values that the driver reports.
#pragma once

#include <utility>

#include "bindings/bindings.hpp"
#include "hbm_runtime/types.hpp"

namespace hbm::python {

// The member of a value. Values that this version does not know, as newer drivers may report them, get a member of
// their own that is not among the enum's: a model of which one tensor is unknown stays readable.
[[nodiscard]] py::object enumMember(DataType type);
[[nodiscard]] py::object enumMember(QuantType type);

// An object that signatures show as the enum.
template <class Enum>
class Member : public py::object {
 public:
  explicit Member(py::object&& object) : py::object(std::move(object)) {}
};

}  // namespace hbm::python

template <class Enum>
struct pybind11::detail::handle_type_name<hbm::python::Member<Enum>> {
  static constexpr auto name = make_caster<Enum>::name;
};
