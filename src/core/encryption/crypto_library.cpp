#include "core/encryption/crypto_library.hpp"

#include <cstring>
#include <initializer_list>
#include <memory>
#include <type_traits>

#include "loader/shared_library.hpp"

namespace hbm::crypto {
namespace {

constexpr std::size_t kTagSize = 16;
constexpr int kSetTag = 0x11;  // EVP_CTRL_AEAD_SET_TAG

// The functions, with their types as libcrypto 1.1 and later declare them; all structures are opaque.
struct Library {
  int (*EVP_PBE_scrypt)(const char*, std::size_t, const unsigned char*, std::size_t, std::uint64_t, std::uint64_t,
                        std::uint64_t, std::uint64_t, unsigned char*, std::size_t) = nullptr;
  const void* (*EVP_sha256)() = nullptr;
  unsigned char* (*HMAC)(const void*, const void*, int, const unsigned char*, std::size_t, unsigned char*,
                         unsigned*) = nullptr;
  const void* (*EVP_aes_256_gcm)() = nullptr;
  void* (*EVP_CIPHER_CTX_new)() = nullptr;
  void (*EVP_CIPHER_CTX_free)(void*) = nullptr;
  int (*EVP_DecryptInit_ex)(void*, const void*, void*, const unsigned char*, const unsigned char*) = nullptr;
  int (*EVP_DecryptUpdate)(void*, unsigned char*, int*, const unsigned char*, int) = nullptr;
  int (*EVP_CIPHER_CTX_ctrl)(void*, int, int, void*) = nullptr;
  int (*EVP_DecryptFinal_ex)(void*, unsigned char*, int*) = nullptr;
  int (*ERR_set_mark)() = nullptr;
  int (*ERR_pop_to_mark)() = nullptr;

  [[nodiscard]] bool fill(const SharedLibrary& library) {
    bool complete = true;
    const auto find = [&](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(library.find(name));
      complete = complete && function != nullptr;
    };
    find(EVP_PBE_scrypt, "EVP_PBE_scrypt");
    find(EVP_sha256, "EVP_sha256");
    find(HMAC, "HMAC");
    find(EVP_aes_256_gcm, "EVP_aes_256_gcm");
    find(EVP_CIPHER_CTX_new, "EVP_CIPHER_CTX_new");
    find(EVP_CIPHER_CTX_free, "EVP_CIPHER_CTX_free");
    find(EVP_DecryptInit_ex, "EVP_DecryptInit_ex");
    find(EVP_DecryptUpdate, "EVP_DecryptUpdate");
    find(EVP_CIPHER_CTX_ctrl, "EVP_CIPHER_CTX_ctrl");
    find(EVP_DecryptFinal_ex, "EVP_DecryptFinal_ex");
    find(ERR_set_mark, "ERR_set_mark");
    find(ERR_pop_to_mark, "ERR_pop_to_mark");
    return complete;
  }
};

Library openLibrary() {
  for (const char* name : {"libcrypto.so.3", "libcrypto.so.4", "libcrypto.so.1.1"}) {
    std::string error;
    SharedLibrary file = SharedLibrary::open(name, &error);
    Library library;
    if (file.isOpen() && library.fill(file)) {
      file.leak();  // others in this process may use it, too; it does not like to be unloaded
      return library;
    }
  }
  throw NoLibrary("encrypted models need OpenSSL's libcrypto.so.3, which cannot be loaded: apt-get install libssl3");
}

const Library& library() {
  static const Library opened = openLibrary();
  return opened;
}

// Failures stay out of the thread's error queue, where the program would take them for its own.
class ErrorMark {
 public:
  explicit ErrorMark(const Library& crypto) : crypto_(crypto) { crypto_.ERR_set_mark(); }
  ErrorMark(const ErrorMark&) = delete;
  ErrorMark& operator=(const ErrorMark&) = delete;
  ~ErrorMark() { crypto_.ERR_pop_to_mark(); }

 private:
  const Library& crypto_;
};

}  // namespace

SecretBytes::~SecretBytes() {
  if (!bytes_.empty()) {
    explicit_bzero(bytes_.data(), bytes_.size());
  }
}

SecretBytes scrypt(const std::string& passphrase, const std::array<unsigned char, 16>& salt, const ScryptCost& cost,
                   std::size_t size) {
  const Library& crypto = library();
  const ErrorMark mark(crypto);
  SecretBytes key(size);
  const std::uint64_t n = std::uint64_t{1} << cost.logN;
  const std::uint64_t memory = 128 * cost.r * (n + cost.p + 2);
  if (crypto.EVP_PBE_scrypt(passphrase.data(), passphrase.size(), salt.data(), salt.size(), n, cost.r, cost.p,
                            memory + (std::uint64_t{1} << 20U), key.data(), key.size()) != 1) {
    throw Error(ErrorKind::kOutOfResources, "deriving the key of an encrypted model needs " +
                                                std::to_string(memory >> 20U) +
                                                " MiB of memory and OpenSSL's scrypt, one of which is not there");
  }
  return key;
}

std::array<unsigned char, 32> hmacSha256(const unsigned char* key, std::size_t keySize, const unsigned char* data,
                                         std::size_t size) {
  const Library& crypto = library();
  const ErrorMark mark(crypto);
  std::array<unsigned char, 32> digest{};
  if (crypto.HMAC(crypto.EVP_sha256(), key, static_cast<int>(keySize), data, size, digest.data(), nullptr) == nullptr) {
    throw Error(ErrorKind::kUnsupported, "OpenSSL cannot compute HMAC-SHA256");
  }
  return digest;
}

bool openChunk(const unsigned char* key, const SealedChunk& chunk, unsigned char* plain) {
  if (chunk.size < kTagSize) {
    return false;
  }
  const Library& crypto = library();
  const ErrorMark mark(crypto);
  const std::unique_ptr<void, void (*)(void*)> context(crypto.EVP_CIPHER_CTX_new(), crypto.EVP_CIPHER_CTX_free);
  if (context == nullptr ||
      crypto.EVP_DecryptInit_ex(context.get(), crypto.EVP_aes_256_gcm(), nullptr, key, chunk.nonce.data()) != 1) {
    throw Error(ErrorKind::kUnsupported, "OpenSSL cannot decrypt with AES-256-GCM");
  }
  const std::size_t size = chunk.size - kTagSize;
  std::array<unsigned char, kTagSize> tag{};
  std::memcpy(tag.data(), chunk.bytes + size, kTagSize);
  std::array<unsigned char, 1> nothing{};  // an empty chunk has no memory to write to
  unsigned char* const to = size == 0 ? nothing.data() : plain;
  int written = 0;
  return crypto.EVP_DecryptUpdate(context.get(), nullptr, &written, chunk.bound, static_cast<int>(chunk.boundSize)) ==
             1 &&
         (size == 0 ||
          crypto.EVP_DecryptUpdate(context.get(), to, &written, chunk.bytes, static_cast<int>(size)) == 1) &&
         crypto.EVP_CIPHER_CTX_ctrl(context.get(), kSetTag, static_cast<int>(kTagSize), tag.data()) == 1 &&
         crypto.EVP_DecryptFinal_ex(context.get(), to + size, &written) == 1;
}

}  // namespace hbm::crypto
