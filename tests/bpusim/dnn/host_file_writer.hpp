// Host model files with any values in them and right checksums: what gets past those is what the reader has to check.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "dnn/files/xxh64.hpp"

namespace host_file_writer {

inline constexpr std::size_t kHeaderSize = 64;
inline constexpr std::size_t kBlobAlignment = 4096;

template <class Value>
[[nodiscard]] Value get(std::string_view bytes, std::size_t at) {
  Value value{};
  if (at <= bytes.size() && sizeof(value) <= bytes.size() - at) {
    std::memcpy(&value, bytes.data() + at, sizeof(value));
  }
  return value;
}

template <class Value>
void set(std::string& bytes, std::size_t at, Value value) {
  if (at <= bytes.size() && sizeof(value) <= bytes.size() - at) {
    std::memcpy(bytes.data() + at, &value, sizeof(value));
  }
}

// Where the list of blobs starts in a directory: after three texts.
[[nodiscard]] inline std::size_t blobList(std::string_view directory) {
  std::size_t at = 0;
  for (int i = 0; i < 3 && at < directory.size(); ++i) {
    at += 4 + std::size_t{get<std::uint32_t>(directory, at)};
  }
  return at;
}

// Writes the checksums of blobs, directory and header that make the file consistent.
inline void repair(std::string& file) {
  if (file.size() < kHeaderSize) {
    return;
  }
  const std::uint64_t size = get<std::uint64_t>(file, 32);
  const std::string_view all(file);
  const std::string_view directory =
      all.substr(kHeaderSize, size < file.size() ? static_cast<std::size_t>(size) : file.size());
  const std::size_t list = blobList(directory);
  std::uint32_t count = get<std::uint32_t>(directory, list);
  for (std::size_t entry = list + 4; count > 0 && entry < directory.size(); --count, entry += 24) {
    const auto offset = get<std::uint64_t>(directory, entry);
    const auto length = get<std::uint64_t>(directory, entry + 8);
    if (offset <= file.size() && length <= file.size() - offset) {
      const std::uint64_t checksum =
          bpusim::xxh64Of(all.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(length)));
      set(file, kHeaderSize + entry + 16, checksum);
    }
  }
  set(file, 40, bpusim::xxh64Of(directory));
  set(file, 56, bpusim::xxh64Of(all.substr(0, 56)));
}

// A file of this directory, with `tail` as what follows at the first place for blobs.
[[nodiscard]] inline std::string assemble(std::string_view directory, std::string_view tail) {
  std::string file("\x89HBMH\r\n\x1a", 8);
  file.resize(kHeaderSize, '\0');
  file += directory;
  if (!tail.empty()) {
    file.resize((file.size() + kBlobAlignment - 1) / kBlobAlignment * kBlobAlignment, '\0');
    file += tail;
  }
  set(file, 8, std::uint32_t{1});
  set(file, 16, static_cast<std::uint64_t>(file.size()));
  set(file, 24, static_cast<std::uint64_t>(kHeaderSize));
  set(file, 32, static_cast<std::uint64_t>(directory.size()));
  repair(file);
  return file;
}

}  // namespace host_file_writer
