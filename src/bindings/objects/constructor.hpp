// Constructors of bound classes.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "bindings/bindings.hpp"

namespace hbm::python {

// Gives the Python object its C++ object. pybind11 does this for the constructors that it makes, but where it has no
// memory left to note the two it ends the process, or destroys the C++ object twice; here the constructor raises
// MemoryError.
template <class T>
void place(py::detail::value_and_holder& where, std::unique_ptr<T> made) {
  where.value_ptr() = made.get();
  try {
    where.type->init_instance(where.inst, nullptr);
  } catch (...) {
    where.value_ptr() = nullptr;
    throw;
  }
  static_cast<void>(made.release());
}

// As cls.def(py::init(make), extra...), for a function that returns the object or a unique_ptr to it.
template <class T, class... Options, class Made, class... Arguments, class... Extra>
py::class_<T, Options...>& defConstructor(py::class_<T, Options...>& cls, Made (*make)(Arguments...),
                                          const Extra&... extra) {
  const auto construct = [make](py::detail::value_and_holder& where, Arguments... arguments) {
    if constexpr (std::is_same_v<Made, T>) {
      place(where, std::make_unique<T>(make(std::forward<Arguments>(arguments)...)));
    } else {
      place(where, make(std::forward<Arguments>(arguments)...));
    }
  };
  return cls.def("__init__", construct, py::detail::is_new_style_constructor(), extra...);
}

}  // namespace hbm::python
