// A library opened by dlopen.
#pragma once

#include <string>

namespace hbm {

class SharedLibrary {
 public:
  SharedLibrary() = default;
  SharedLibrary(SharedLibrary&& other) noexcept;
  SharedLibrary& operator=(SharedLibrary&& other) noexcept;
  SharedLibrary(const SharedLibrary&) = delete;
  SharedLibrary& operator=(const SharedLibrary&) = delete;
  ~SharedLibrary();

  // Opens a path or, without a slash, what the dynamic linker finds. On failure the library is closed and *error says
  // why in the linker's words.
  [[nodiscard]] static SharedLibrary open(const std::string& name, std::string* error);

  [[nodiscard]] bool isOpen() const noexcept { return handle_ != nullptr; }

  // Address of a symbol, nullptr when there is none.
  [[nodiscard]] void* find(const char* symbol) const noexcept;

  // Keeps the library in the process for ever, and forgets it.
  void leak() noexcept { handle_ = nullptr; }

 private:
  void* handle_ = nullptr;
};

// The file that holds an address in this process, "" when unknown.
[[nodiscard]] std::string fileOfAddress(const void* address);

}  // namespace hbm
