// Model files as bytes.
#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "support/check.hpp"

namespace files {

inline std::string path(const std::string& name) {
  const char* const folder = std::getenv("CONFORMANCE_MODELS");
  CHECK(folder != nullptr);
  return std::string(folder) + "/" + name;
}

inline std::string content(const std::string& name) {
  std::ifstream file(path(name), std::ios::binary);
  CHECK(file.good());
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace files
