// The one translator from C++ errors to Python exceptions, whose classes are written in Python.
#include <pybind11/gil_safe_call_once.h>

#include <string>

#include "bindings/arguments/mappings.hpp"
#include "bindings/bindings.hpp"
#include "core/encryption/encryption.hpp"
#include "hbm_runtime/error.hpp"
#include "hobot/hb_ucp_status.h"
#include "loader/driver.hpp"

namespace hbm::python {
namespace {

const char* className(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInput:
      return "InputError";
    case ErrorKind::kType:
      return "InputTypeError";
    case ErrorKind::kFileNotFound:
      return "ModelNotFoundError";
    case ErrorKind::kModel:
      return "ModelError";
    case ErrorKind::kDriver:
      return "DriverError";
    case ErrorKind::kDriverNotFound:
      return "DriverNotFoundError";
    case ErrorKind::kTimeout:
      return "HbmTimeoutError";
    case ErrorKind::kDeadline:
      return "HbmDeadlineError";
    case ErrorKind::kCancelled:
      return "HbmCancelledError";
    case ErrorKind::kQueueFull:
      return "HbmQueueFullError";
    case ErrorKind::kClosed:
      return "HbmClosedError";
    case ErrorKind::kForked:
      return "HbmForkError";
    case ErrorKind::kOutOfResources:
      return "OutOfResourcesError";
    case ErrorKind::kUnsupported:
      return "UnsupportedError";
    case ErrorKind::kState:
      return "HbmStateError";
    case ErrorKind::kShape:
      return "ShapeError";
    case ErrorKind::kContainer:
      return "ContainerError";
    case ErrorKind::kIo:
      return "HbmIOError";
    case ErrorKind::kPassphrase:
      return "EncryptedModelError";
  }
  return "HbmError";
}

// Finer classes than the kinds of the C++ interface, which cannot grow without surprising its users.
const char* classNameOf(const Error& error) {
  if (dynamic_cast<const WrongPassphrase*>(&error) != nullptr) {
    return "WrongPassphraseError";
  }
  if (dynamic_cast<const TamperedModel*>(&error) != nullptr) {
    return "TamperedModelError";
  }
  if (dynamic_cast<const EncryptedModel*>(&error) != nullptr) {
    return "EncryptedModelError";
  }
  if (dynamic_cast<const crypto::NoLibrary*>(&error) != nullptr) {
    return "MissingPackageError";
  }
  return className(error.kind());
}

py::module_& errorClasses() {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<py::module_> storage;
  return storage.call_once_and_store_result([] { return py::module_::import("hbm_runtime._errors"); }).get_stored();
}

py::object orNone(const std::string& name) { return name.empty() ? py::object(py::none()) : nameStr(name); }

bool forWantOfEngine(const Error& error) noexcept {
  if (error.context().status != HB_UCP_INIT_FAILED) {
    return false;
  }
  try {
    const auto missing = Driver::get().extensionFunction(&bpusimInterface::engineMissing);
    return missing != nullptr && missing() != 0;
  } catch (const Error&) {
    return false;
  }
}

// What helps in Python, which is not the library's to say.
std::string adviceFor(const Error& error) {
  if (!forWantOfEngine(error)) {
    return "";
  }
  const py::object command = py::module_::import("hbm_runtime._installing").attr("how_to_install");
  return "; in Python: " + command("bpusim", "onnxruntime").cast<std::string>();
}

}  // namespace

// The Python exception object for an error.
py::object exceptionFor(const Error& error) {
  const ErrorContext& context = error.context();
  return errorClasses().attr(classNameOf(error))(
      proseStr(std::string(error.what()).append(adviceFor(error))), py::arg("function") = orNone(context.function),
      py::arg("status") = context.status != 0 ? py::object(py::int_(context.status)) : py::object(py::none()),
      py::arg("status_name") = orNone(context.statusName), py::arg("model") = orNone(context.model),
      py::arg("tensor") = orNone(context.tensor));
}

void bindErrors(py::module_& module) {
  // NOLINTNEXTLINE(performance-unnecessary-value-param): pybind11 gives the type
  py::register_local_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) {
        std::rethrow_exception(pointer);
      }
    } catch (const Error& error) {
      try {
        const py::object exception = exceptionFor(error);
        PyErr_SetObject(py::type::handle_of(exception).ptr(), exception.ptr());
      } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
      }
    }
  });
  module.def(
      "_raise_error", [](int kind, const std::string& message) { throw Error(static_cast<ErrorKind>(kind), message); },
      py::arg("kind"), py::arg("message"), "Raises the exception of an error kind: for tests of the translator.");
}

}  // namespace hbm::python
