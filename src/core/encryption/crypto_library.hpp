// What reading encrypted models needs of OpenSSL's libcrypto. It is opened at first use: programs without encrypted
// models do without it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "hbm_runtime/error.hpp"

namespace hbm::crypto {

// Bytes that are overwritten before their memory is given back.
class SecretBytes {
 public:
  explicit SecretBytes(std::size_t size) : bytes_(size) {}
  SecretBytes(SecretBytes&&) noexcept = default;
  SecretBytes& operator=(SecretBytes&&) = delete;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes();

  [[nodiscard]] unsigned char* data() noexcept { return bytes_.data(); }
  [[nodiscard]] const unsigned char* data() const noexcept { return bytes_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }

 private:
  std::vector<unsigned char> bytes_;
};

struct ScryptCost {
  unsigned logN = 0;
  std::uint64_t r = 0;
  std::uint64_t p = 0;
};

// libcrypto cannot be loaded.
class NoLibrary : public Error {
 public:
  explicit NoLibrary(const std::string& message) : Error(ErrorKind::kUnsupported, message) {}
};

// All functions throw Error: NoLibrary without libcrypto, kOutOfResources when the memory for scrypt is not there.

// RFC 7914.
[[nodiscard]] SecretBytes scrypt(const std::string& passphrase, const std::array<unsigned char, 16>& salt,
                                 const ScryptCost& cost, std::size_t size);

[[nodiscard]] std::array<unsigned char, 32> hmacSha256(const unsigned char* key, std::size_t keySize,
                                                       const unsigned char* data, std::size_t size);

// A chunk of AES-256-GCM: what it is bound to, and the encrypted bytes followed by their tag of 16.
struct SealedChunk {
  std::array<unsigned char, 12> nonce{};
  const unsigned char* bound = nullptr;
  std::size_t boundSize = 0;
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;  // with the tag; at most 2^30
};

// Writes the size - 16 plain bytes; false when the chunk is not genuine, and what was written is to be thrown away.
[[nodiscard]] bool openChunk(const unsigned char* key, const SealedChunk& chunk, unsigned char* plain);

}  // namespace hbm::crypto
