// Runs loader_probe in a folder and an environment made for the case.
#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "hbm_runtime/error.hpp"
#include "support/check.hpp"

namespace probe {

namespace fs = std::filesystem;

inline std::string driver(const std::string& name) { return std::string(TEST_DRIVERS) + "/" + name; }

inline std::string errorLine(hbm::ErrorKind kind) { return "error " + std::to_string(static_cast<int>(kind)) + ": "; }

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// A folder with a copy of the program, to put drivers beside it; removed in the end.
class Place {
 public:
  Place() {
    std::string pattern = (fs::temp_directory_path() / "hbm_loader_XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
      throw std::runtime_error("mkdtemp failed");
    }
    root_ = pattern;
    fs::copy_file(LOADER_PROBE, root_ / "probe");
    fs::create_directory(root_ / "system");
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }

  // The driver `name` of tests/drivers stands here.
  void put(const std::string& folder, const std::string& name) const {
    fs::create_directories(root_ / folder);
    for (const char* library : {"libhbucp.so", "libdnn.so"}) {
      fs::copy_file(driver(name) + "/" + library, root_ / folder / library);
    }
  }

  void write(const std::string& file, const std::string& content) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << content;
  }

  [[nodiscard]] std::string path(const std::string& name) const { return (root_ / name).string(); }

  // What the program prints. `environment` is "NAME=value ..."; nothing that the caller's environment says about
  // drivers has an effect.
  [[nodiscard]] std::string run(const std::string& steps, const std::string& environment = "",
                                const std::string& program = "./probe") const {
    const std::string command = "cd '" + root_.string() + "' && env -u HBM_RUNTIME_DRIVER -u LD_LIBRARY_PATH" +
                                " LOADER_PROBE_SYSTEM='" + path("system") + "' " + environment + " " + program + " " +
                                steps + " 2>&1";
    std::FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) {
      throw std::runtime_error("popen failed");
    }
    std::string output;
    std::array<char, 4096> buffer{};
    while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
      output.append(buffer.data(), count);
    }
    if (pclose(pipe) != 0) {
      throw std::runtime_error("the probe failed: " + output);
    }
    return output;
  }

 private:
  fs::path root_;
};

// The line of a loaded driver.
inline std::string loaded(const Place& place, const std::string& chosenBy, const std::string& folder) {
  return "vendor|" + chosenBy + "|" + place.path(folder) + "/libdnn.so|3.13.6_(test driver)|";
}

inline void checkBegins(const std::string& output, const std::string& expected) {
  CHECK_EQ(output.substr(0, expected.size()), expected);
}

}  // namespace probe
