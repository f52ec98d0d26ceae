// For C++ tests: the control of the test driver that is loaded, or that HBM_RUNTIME_DRIVER names.
#pragma once

#include <dlfcn.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "drivers/control.hpp"

namespace testdriver {

[[nodiscard]] inline Control& control() {
  static Control& instance = []() -> Control& {
    const char* directory = std::getenv("HBM_RUNTIME_DRIVER");
    const std::string path = std::string(directory != nullptr ? directory : "") + "/libhbucp.so";
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      throw std::runtime_error(dlerror());
    }
    const auto get = reinterpret_cast<Control* (*)()>(dlsym(library, "hbmTestDriverControl"));
    if (get == nullptr) {
      throw std::runtime_error(path + " is no test driver");
    }
    return *get();
  }();
  return instance;
}

}  // namespace testdriver
