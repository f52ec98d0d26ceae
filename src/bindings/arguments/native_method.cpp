#include "bindings/arguments/native_method.hpp"

#include <structmember.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bindings/arguments/mappings.hpp"

namespace hbm::python {
namespace {

constexpr std::size_t kMaxParameters = 32;
constexpr std::size_t kFarthestTypo = 3;  // edits between a wrong keyword and the one that is suggested

std::map<std::string, NativeBody>& bodies() {
  static std::map<std::string, NativeBody> all;
  return all;
}

// The Python object. It calls like a method, and shows the function that declares it to whoever asks.
struct NativeMethod {
  PyObject_HEAD vectorcallfunc vectorcall;
  decltype(NativeBody::call) body;  // null: the Python function does the work
  PyObject* function;               // declares name, parameters and docstring
  PyObject* names;                  // tuple of the parameters behind `self`
  Py_ssize_t positional;            // so many of them may be given by position
  Py_ssize_t required;              // so many of them must be given
  bool takesMoreKeywords;           // **keywords: nothing is checked here
};

NativeMethod* methodOf(PyObject* object) { return reinterpret_cast<NativeMethod*>(object); }

// "run()"; of a constructor the class.
std::string nameOf(const NativeMethod& method) {
  auto name = py::handle(method.function).attr("__name__").cast<std::string>();
  if (name == "__init__") {
    const auto whole = py::handle(method.function).attr("__qualname__").cast<std::string>();
    name = whole.substr(0, whole.rfind('.'));
  }
  return name + "()";
}

std::string parameterName(const NativeMethod& method, Py_ssize_t index) {
  return py::handle(PyTuple_GET_ITEM(method.names, index)).cast<std::string>();
}

std::size_t editDistance(const std::string& one, const std::string& other) {
  std::vector<std::size_t> row(other.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= one.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j < row.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (one[i - 1] == other[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

// "customId", the spelling of SchedParam, stands for "custom_id".
std::string folded(const std::string& name) {
  std::string text;
  for (const char letter : name) {
    if (letter != '_') {
      text += static_cast<char>(letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter);
    }
  }
  return text;
}

[[noreturn]] void refuseKeyword(const NativeMethod& method, const std::string& given) {
  std::string nearest;
  std::string all;
  std::size_t distance = kFarthestTypo + 1;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(method.names); ++i) {
    const std::string name = parameterName(method, i);
    const std::size_t edits = editDistance(folded(given), folded(name));
    const bool begun = given.size() > 2 && folded(name).rfind(folded(given), 0) == 0;
    if ((begun && distance > 0) || (edits < distance && edits * 2 < name.size())) {
      distance = begun ? 0 : edits;
      nearest = name;
    }
    all += (i == 0 ? "" : ", ") + name;
  }
  throw py::type_error(nameOf(method) + " has no argument '" + given + "'; " +
                       (nearest.empty() ? "its arguments are " + all : "did you mean '" + nearest + "'?"));
}

[[noreturn]] void refuseCount(const NativeMethod& method, Py_ssize_t given) {
  std::string more;
  for (Py_ssize_t i = method.positional; i < PyTuple_GET_SIZE(method.names); ++i) {
    more += (more.empty() ? ": " : ", ") + parameterName(method, i);
  }
  throw py::type_error(nameOf(method) + " takes at most " + std::to_string(method.positional) +
                       " arguments by position, given " + std::to_string(given) +
                       (more.empty() ? "" : "; the others go by keyword" + more));
}

Py_ssize_t indexOf(const NativeMethod& method, PyObject* keyword) {
  const Py_ssize_t count = PyTuple_GET_SIZE(method.names);
  for (Py_ssize_t i = 0; i < count; ++i) {  // names in calls are interned as those of parameters are
    if (PyTuple_GET_ITEM(method.names, i) == keyword) {
      return i;
    }
  }
  for (Py_ssize_t i = 0; i < count; ++i) {
    if (PyUnicode_Compare(PyTuple_GET_ITEM(method.names, i), keyword) == 0) {
      return i;
    }
  }
  return -1;
}

std::array<PyObject*, kMaxParameters> sorted(const NativeMethod& method, PyObject* const* given, Py_ssize_t count,
                                             PyObject* keywords) {
  std::array<PyObject*, kMaxParameters> values{};
  if (count > method.positional) {
    refuseCount(method, count);
  }
  std::copy(given, given + count, values.begin());
  for (Py_ssize_t i = 0; keywords != nullptr && i < PyTuple_GET_SIZE(keywords); ++i) {
    PyObject* const keyword = PyTuple_GET_ITEM(keywords, i);
    const Py_ssize_t index = indexOf(method, keyword);
    if (index < 0) {
      refuseKeyword(method, textOf(keyword, "a keyword"));
    }
    PyObject*& value = values[static_cast<std::size_t>(index)];
    if (value != nullptr) {
      throw py::type_error(nameOf(method) + " is given '" + parameterName(method, index) + "' twice");
    }
    value = given[count + i];
  }
  for (Py_ssize_t i = 0; i < method.required; ++i) {
    if (values[static_cast<std::size_t>(i)] == nullptr) {
      throw py::type_error(nameOf(method) + " needs the argument '" + parameterName(method, i) + "'");
    }
  }
  return values;
}

PyObject* callMethod(PyObject* object, PyObject* const* given, std::size_t flags, PyObject* keywords) {
  const NativeMethod& method = *methodOf(object);
  const Py_ssize_t count = PyVectorcall_NARGS(flags);
  try {
    if (count < 1) {
      throw py::type_error(nameOf(method) + " is a method: call it on an object");
    }
    if (method.takesMoreKeywords) {
      return PyObject_Vectorcall(method.function, given, flags, keywords);
    }
    const auto values = sorted(method, given + 1, count - 1, keywords);
    if (method.body == nullptr) {
      return PyObject_Vectorcall(method.function, given, flags, keywords);
    }
    return method.body(given[0], values.data()).release().ptr();
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const std::exception&) {
    py::detail::try_translate_exceptions();
  }
  return nullptr;
}

PyObject* bindTo(PyObject* method, PyObject* instance, PyObject* /*type*/) {
  return instance == nullptr || instance == Py_None ? Py_NewRef(method) : PyMethod_New(method, instance);
}

bool namesAnnotations(PyObject* name) {
  return PyUnicode_CompareWithASCIIString(name, "__wrapped__") == 0 ||
         PyUnicode_CompareWithASCIIString(name, "__annotations__") == 0;
}

// Whoever reads the types of a method needs the names in them, which its module imports for type checkers only.
bool fillInAnnotations(PyObject* function) {
  try {
    py::module_::import("hbm_runtime._running.annotations").attr("fill_in")(py::handle(function));
    return true;
  } catch (py::error_already_set& error) {
    error.restore();
    return false;
  }
}

// Everything that is not given here comes from the Python function.
PyObject* getAttribute(PyObject* object, PyObject* name) {
  NativeMethod* const method = methodOf(object);
  if (namesAnnotations(name) && !fillInAnnotations(method->function)) {
    return nullptr;
  }
  if (PyUnicode_CompareWithASCIIString(name, "__wrapped__") == 0) {
    return Py_NewRef(method->function);
  }
  if (PyUnicode_CompareWithASCIIString(name, "__class__") == 0) {
    return PyObject_GenericGetAttr(object, name);
  }
  if (PyObject* const value = PyObject_GetAttr(method->function, name); value != nullptr) {
    return value;
  }
  PyErr_Clear();
  return PyObject_GenericGetAttr(object, name);
}

PyObject* represent(PyObject* object) {
  const auto name =
      py::reinterpret_steal<py::object>(PyObject_GetAttrString(methodOf(object)->function, "__qualname__"));
  return name ? PyUnicode_FromFormat("<method %U>", name.ptr()) : nullptr;
}

int traverse(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(methodOf(object)->function);
  Py_VISIT(methodOf(object)->names);
  return 0;
}

int clear(PyObject* object) {
  Py_CLEAR(methodOf(object)->function);
  Py_CLEAR(methodOf(object)->names);
  return 0;
}

void deallocate(PyObject* object) {
  PyTypeObject* const type = Py_TYPE(object);
  PyObject_GC_UnTrack(object);
  clear(object);
  type->tp_free(object);
  Py_DECREF(type);
}

// pydoc does not ask getAttribute().
PyObject* documentation(PyObject* object, void* /*closure*/) {
  return PyObject_GetAttrString(methodOf(object)->function, "__doc__");
}

PyTypeObject* makeType() {
  static PyGetSetDef attributes[] = {{"__doc__", &documentation, nullptr, nullptr, nullptr},
                                     {nullptr, nullptr, nullptr, nullptr, nullptr}};
  static PyMemberDef members[] = {
      {"__vectorcalloffset__", T_PYSSIZET, offsetof(NativeMethod, vectorcall), READONLY, nullptr},
      {nullptr, 0, 0, 0, nullptr}};
  static std::array<PyType_Slot, 10> slots = {{{Py_tp_members, static_cast<void*>(members)},
                                               {Py_tp_getset, static_cast<void*>(attributes)},
                                               {Py_tp_call, reinterpret_cast<void*>(&PyVectorcall_Call)},
                                               {Py_tp_descr_get, reinterpret_cast<void*>(&bindTo)},
                                               {Py_tp_getattro, reinterpret_cast<void*>(&getAttribute)},
                                               {Py_tp_repr, reinterpret_cast<void*>(&represent)},
                                               {Py_tp_traverse, reinterpret_cast<void*>(&traverse)},
                                               {Py_tp_clear, reinterpret_cast<void*>(&clear)},
                                               {Py_tp_dealloc, reinterpret_cast<void*>(&deallocate)},
                                               {0, nullptr}}};
  static PyType_Spec spec = {
      "hbm_runtime._core.method", sizeof(NativeMethod), 0,
      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR,
      slots.data()};
  PyObject* const type = PyType_FromSpec(&spec);
  if (type == nullptr) {
    throw py::error_already_set();
  }
  return reinterpret_cast<PyTypeObject*>(type);
}

// The method that a Python function declares. Its body is the one of its name, or the function itself.
py::object nativeMethod(const py::object& function, bool native) {
  static PyTypeObject* const type = makeType();
  const py::object code = function.attr("__code__");
  const auto positional = code.attr("co_argcount").cast<Py_ssize_t>();
  const auto all = positional + code.attr("co_kwonlyargcount").cast<Py_ssize_t>();
  const py::object defaults = function.attr("__defaults__");
  const auto optional = defaults.is_none() ? 0 : static_cast<Py_ssize_t>(py::len(defaults));
  constexpr int kVarKeywords = 0x08;  // of inspect.CO_VARKEYWORDS
  const py::tuple names = code.attr("co_varnames")[py::slice(1, all, 1)];
  decltype(NativeBody::call) body = nullptr;
  if (native) {
    const NativeBody& known = bodies().at(function.attr("__name__").cast<std::string>());
    if (!names.equal(py::tuple(py::cast(known.parameters)))) {
      throw py::value_error("the parameters of a native method are " + py::repr(names).cast<std::string>() +
                            ", its body takes others");
    }
    body = known.call;
  }
  if (all > static_cast<Py_ssize_t>(kMaxParameters)) {
    throw py::value_error("a native method has too many parameters");
  }
  auto* const method = reinterpret_cast<NativeMethod*>(type->tp_alloc(type, 0));
  if (method == nullptr) {
    throw py::error_already_set();
  }
  auto owner = py::reinterpret_steal<py::object>(reinterpret_cast<PyObject*>(method));
  method->vectorcall = &callMethod;
  method->body = body;
  method->function = function.inc_ref().ptr();
  method->names = names.inc_ref().ptr();
  method->positional = positional - 1;
  method->required = positional - 1 - optional;
  method->takesMoreKeywords = (code.attr("co_flags").cast<int>() & kVarKeywords) != 0;
  return owner;
}

}  // namespace

void addNativeBody(const std::string& name, NativeBody body) { bodies()[name] = std::move(body); }

void bindNativeMethods(py::module_& module) {
  module.def(
      "native_method", &nativeMethod, py::arg("function"), py::arg("native"),
      "Makes a method of a Python function that declares it. A wrong argument is one line that names the nearest "
      "right one. `native`: the work is done in C++, by the body of the function's name; else by the function.");
}

}  // namespace hbm::python
