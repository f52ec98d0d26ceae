// Operator times of a model, from the engine's profile.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bpusim/extension.h"

namespace bpusim {

struct OperatorTime {
  std::string name;
  std::string type;
  std::int64_t beginNs;  // since the profile began
  std::int64_t durationNs;
  std::int64_t thread;  // kernel id
};

// The operators in the text of a profile.
[[nodiscard]] std::vector<OperatorTime> readProfile(std::string_view text);

// The file that the engine writes a profile to. It has a name only while the engine opens it, so it is gone whenever
// and however the process ends.
class ProfileFile {
 public:
  // Makes a private folder. Throws Error.
  ProfileFile();
  ~ProfileFile();
  ProfileFile(const ProfileFile&) = delete;
  ProfileFile& operator=(const ProfileFile&) = delete;

  // What to tell the engine.
  [[nodiscard]] std::string prefix() const;

  // After the engine has opened its file: takes away its name. Throws Error when there is none.
  void hide();

  // After the engine has ended the profile. Throws Error.
  [[nodiscard]] std::string read() const;

 private:
  // The folder and what is in it.
  void remove() noexcept;

  std::string folder_;
  int file_ = -1;
};

}  // namespace bpusim
