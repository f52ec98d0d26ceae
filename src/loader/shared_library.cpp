#include "loader/shared_library.hpp"

#include <dlfcn.h>

#include <utility>

namespace hbm {

SharedLibrary::SharedLibrary(SharedLibrary&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}

SharedLibrary& SharedLibrary::operator=(SharedLibrary&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}

SharedLibrary::~SharedLibrary() {
  if (handle_ != nullptr) {
    dlclose(handle_);
  }
}

SharedLibrary SharedLibrary::open(const std::string& name, std::string* error) {
  SharedLibrary library;
  dlerror();
  library.handle_ = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library.handle_ == nullptr) {
    const char* text = dlerror();
    *error = text != nullptr ? text : name + ": cannot be loaded";
  }
  return library;
}

void* SharedLibrary::find(const char* symbol) const noexcept {
  dlerror();
  return dlsym(handle_, symbol);
}

std::string fileOfAddress(const void* address) {
  Dl_info info{};
  if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) {
    return "";
  }
  return info.dli_fname;
}

}  // namespace hbm
