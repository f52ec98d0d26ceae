#include "core/encryption/encryption.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <string_view>
#include <vector>

#include "core/base/model_file.hpp"

namespace hbm {
namespace {

constexpr std::string_view kMagic = "HBMCRYPT";
constexpr std::size_t kFieldsSize = 40;
constexpr std::size_t kHeaderSize = kFieldsSize + 32;
constexpr std::size_t kKeySize = 32;
constexpr std::size_t kTagSize = 16;
constexpr std::size_t kChunkSize = (std::size_t{1} << 20U) + kTagSize;
// N = 2^20 takes 1 GiB and some seconds: a file cannot ask for more.
constexpr unsigned kMinCost = 14;
constexpr unsigned kMaxCost = 20;
constexpr unsigned kBlockSize = 8;
constexpr unsigned kParallelism = 1;

using Header = std::array<unsigned char, kHeaderSize>;

// An encrypted model, wherever it lies.
struct Source {
  std::string name;
  std::size_t size;
  std::function<void(std::size_t offset, unsigned char* to, std::size_t count)> read;
};

bool beginsEncrypted(const void* data, std::size_t size) noexcept {
  return size >= kMagic.size() && std::memcmp(data, kMagic.data(), kMagic.size()) == 0;
}

void checkFields(const Header& header, const std::string& name) {
  const unsigned version = header[8] + 256U * header[9];
  if (version != 1 || header[10] != 1 || header[11] != 1) {
    throw EncryptedModel(ErrorKind::kModel,
                         name + " is encrypted in a way that this version of hbm_runtime does not know (version " +
                             std::to_string(version) + ", key derivation " + std::to_string(header[10]) + ", cipher " +
                             std::to_string(header[11]) + "): use a newer one, or encrypt the model again");
  }
  if (header[12] < kMinCost || header[12] > kMaxCost || header[13] != kBlockSize || header[14] != kParallelism ||
      header[15] != 0 || header[39] != 0) {
    throw EncryptedModel(ErrorKind::kModel, name + " asks for a key derivation outside the limits (N=2^" +
                                                std::to_string(header[12]) + ", r=" + std::to_string(header[13]) +
                                                ", p=" + std::to_string(header[14]) +
                                                "): it is damaged, or made to exhaust memory");
  }
}

Header readHeader(const Source& source) {
  Header header{};
  const std::size_t present = std::min(source.size, kHeaderSize);
  source.read(0, header.data(), present);
  if (!beginsEncrypted(header.data(), present)) {
    throw EncryptedModel(ErrorKind::kPassphrase,
                         source.name + " is not an encrypted model: load it without a passphrase");
  }
  if (present < kHeaderSize) {
    throw EncryptedModel(ErrorKind::kContainer, source.name + " is an encrypted model that was cut off after " +
                                                    std::to_string(present) + " bytes");
  }
  checkFields(header, source.name);
  return header;
}

// The key of the content. The time that comparing takes reveals nothing about the digest.
crypto::SecretBytes contentKey(const Header& header, const std::string& passphrase, const std::string& name) {
  std::array<unsigned char, 16> salt{};
  std::memcpy(salt.data(), &header[16], salt.size());
  const crypto::SecretBytes both =
      crypto::scrypt(passphrase, salt, {header[12], kBlockSize, kParallelism}, 2 * kKeySize);
  const std::array<unsigned char, 32> digest = crypto::hmacSha256(both.data(), kKeySize, header.data(), kFieldsSize);
  unsigned different = 0;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    different |= static_cast<unsigned>(digest[i] ^ header[kFieldsSize + i]);
  }
  if (different != 0) {
    throw WrongPassphrase(ErrorKind::kPassphrase, "the passphrase is not that of " + name + " (or its first " +
                                                      std::to_string(kHeaderSize) + " bytes were changed)");
  }
  crypto::SecretBytes key(kKeySize);
  std::memcpy(key.data(), both.data() + kKeySize, kKeySize);
  return key;
}

std::array<unsigned char, 12> nonceOf(const Header& header, std::uint32_t number, bool last) {
  std::array<unsigned char, 12> nonce{};
  std::memcpy(nonce.data(), &header[32], 7);
  for (std::size_t i = 0; i < 4; ++i) {
    nonce[7 + i] = static_cast<unsigned char>(number >> (8U * (3U - i)));
  }
  nonce[11] = last ? 1 : 0;
  return nonce;
}

crypto::SecretBytes decryptedFrom(const Source& source, const std::string& passphrase) {
  const Header header = readHeader(source);
  const crypto::SecretBytes key = contentKey(header, passphrase, source.name);
  const std::size_t content = source.size - kHeaderSize;
  const std::size_t chunks = std::max<std::size_t>((content + kChunkSize - 1) / kChunkSize, 1);
  // A last piece that is shorter than its tag holds nothing, whatever the others hold.
  const std::size_t lastSize = content - (chunks - 1) * kChunkSize;
  crypto::SecretBytes plain((chunks - 1) * (kChunkSize - kTagSize) + lastSize - std::min(lastSize, kTagSize));
  std::vector<unsigned char> sealed(std::min(content, kChunkSize));
  std::size_t written = 0;
  for (std::size_t number = 0; number < chunks; ++number) {
    const std::size_t offset = number * kChunkSize;
    const std::size_t size = std::min(content - offset, kChunkSize);
    source.read(kHeaderSize + offset, sealed.data(), size);
    const crypto::SealedChunk chunk{nonceOf(header, static_cast<std::uint32_t>(number), number + 1 == chunks),
                                    header.data(), header.size(), sealed.data(), size};
    if (size < kTagSize || !crypto::openChunk(key.data(), chunk, plain.data() + written)) {
      throw TamperedModel(ErrorKind::kContainer, source.name +
                                                     " was changed or cut off after it was encrypted (chunk " +
                                                     std::to_string(number) + "): nothing of it was loaded");
    }
    written += size - kTagSize;
  }
  return plain;
}

}  // namespace

bool isEncrypted(const std::string& file) {
  std::array<char, kMagic.size()> start{};
  struct stat info{};
  if (stat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return false;  // opening a pipe would wait for its other end
  }
  std::ifstream stream(file, std::ios::binary);
  return stream.read(start.data(), start.size()) && beginsEncrypted(start.data(), start.size());
}

bool isEncrypted(const ModelBuffer& buffer) noexcept {
  return buffer.data != nullptr && beginsEncrypted(buffer.data, buffer.size);
}

crypto::SecretBytes decrypted(const std::string& file, const std::string& passphrase) {
  requireFile(file);
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  const std::streamoff size = stream.tellg();
  const auto throwUnreadable = [&] { throw Error(ErrorKind::kIo, "model file '" + file + "': cannot be read"); };
  if (!stream || size < 0) {
    throwUnreadable();
  }
  return decryptedFrom({"'" + file + "'", static_cast<std::size_t>(size),
                        [&](std::size_t offset, unsigned char* to, std::size_t count) {
                          stream.seekg(static_cast<std::streamoff>(offset));
                          if (!stream.read(reinterpret_cast<char*>(to), static_cast<std::streamsize>(count))) {
                            throwUnreadable();
                          }
                        }},
                       passphrase);
}

crypto::SecretBytes decrypted(const ModelBuffer& buffer, const std::string& passphrase) {
  return decryptedFrom({"the model in memory", buffer.size,
                        [&](std::size_t offset, unsigned char* to, std::size_t count) {
                          if (count > 0) {
                            std::memcpy(to, static_cast<const unsigned char*>(buffer.data) + offset, count);
                          }
                        }},
                       passphrase);
}

}  // namespace hbm
