// How the extension was built.
#include "bindings/bindings.hpp"

namespace hbm::python {
namespace {

using InfoDict = py::typing::Dict<py::str, py::str>;

constexpr const char* kCompiler =
#if defined(__clang__)
    "Clang " __clang_version__;
#else
    "GCC " __VERSION__;
#endif

constexpr const char* kArchitecture =
#if defined(__x86_64__)
    "x86_64";
#elif defined(__aarch64__)
    "aarch64";
#else
        "unknown";
#endif

constexpr const char* kBuildType =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    "sanitizer";
#elif defined(NDEBUG)
    "release";
#else
    "debug";
#endif

InfoDict buildInfo() {
  py::dict dict;
  dict["compiler"] = kCompiler;
  dict["cpp"] = std::to_string(__cplusplus);
  dict["pybind11"] = std::to_string(PYBIND11_VERSION_MAJOR) + "." + std::to_string(PYBIND11_VERSION_MINOR);
  dict["python"] = PY_VERSION;
  dict["architecture"] = kArchitecture;
  dict["build_type"] = kBuildType;
  return InfoDict(dict);
}

}  // namespace

void bindBuildInfo(py::module_& module) {
  module.def("build_info", &buildInfo,
             "How this extension was built: compiler, cpp, pybind11, python (of its headers), architecture, "
             "build_type.");
}

}  // namespace hbm::python
