#include "loader/shared_library.hpp"

#include <dlfcn.h>
#include <link.h>
#include <locale.h>  // NOLINT(modernize-deprecated-headers): uselocale() is POSIX's

#include <filesystem>
#include <system_error>
#include <utility>

namespace hbm {
namespace {

// The linker's last error in English, whatever language the program has chosen: the search finds in it what was absent.
std::string linkerError() {
  locale_t const english = newlocale(LC_ALL_MASK, "C", nullptr);
  locale_t const previous = uselocale(english);
  const char* text = dlerror();
  std::string error = text != nullptr ? text : "";
  uselocale(previous);
  freelocale(english);
  return error;
}

}  // namespace

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
    *error = linkerError();
    if (error->empty()) {
      *error = name + ": cannot be loaded";
    }
  }
  return library;
}

void* SharedLibrary::find(const char* symbol) const noexcept {
  dlerror();
  return dlsym(handle_, symbol);
}

std::string fileOfAddress(const void* address) {
  Dl_info info{};
  link_map* map = nullptr;
  if (dladdr1(address, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) == 0 || info.dli_fname == nullptr) {
    return "";
  }
  if (map->l_name == nullptr || *map->l_name == '\0') {
    // The program itself: dli_fname would be what it was called by, without a path when the shell found it.
    std::error_code failed;
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failed);
    return failed ? info.dli_fname : program.string();
  }
  return info.dli_fname;
}

}  // namespace hbm
