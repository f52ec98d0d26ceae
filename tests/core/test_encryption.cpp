// Encrypted models: what the Python package writes is opened with its passphrase, and with nothing else.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "core/encryption/encryption.hpp"
#include "null_model.hpp"

using hbm::ErrorKind;
using hbm::ModelBuffer;
using nullmodel::errorOf;

namespace {

constexpr const char* kPassphrase = "caf\u00e9";
constexpr const char* kPlain = "a plain model";

// hbm_runtime.encryption.encrypt_model(..., cost=14) made it of kPlain.
constexpr const char* kEncrypted =
    "48424d4352595054010001010e0801000c342fbd53db31d74044860a2e3195cba7350c2fb4783a00ac31bec9de4feb81ff4e"
    "b0a845cdb146368d21b08957d9845642131f923dfc3d74dd3c4f43abdfbb0b42d807bb36b1f2b6d0fb29e56e62027015c00a"
    "92";

std::string encrypted() {
  std::string bytes;
  for (const char* digit = kEncrypted; *digit != '\0'; digit += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(digit, 2), nullptr, 16)));
  }
  return bytes;
}

ModelBuffer buffer(const std::string& bytes) { return {bytes.data(), bytes.size()}; }

std::string text(const hbm::crypto::SecretBytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

hbm::LoadOptions with(const std::string& passphrase) {
  hbm::LoadOptions options;
  options.passphrase = passphrase;
  return options;
}

// A file in the temporary folder that goes with this object.
class File {
 public:
  explicit File(const std::string& content) {
    const int descriptor = mkstemp(path_.data());
    CHECK(descriptor >= 0);
    CHECK_EQ(write(descriptor, content.data(), content.size()), static_cast<ssize_t>(content.size()));
    close(descriptor);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { std::remove(path_.c_str()); }

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/hbm-encrypted-XXXXXX";
};

}  // namespace

TEST(the_passphrase_opens_a_file_and_a_buffer) {
  const std::string bytes = encrypted();
  const File file(bytes);
  CHECK(hbm::isEncrypted(file.path()));
  CHECK(hbm::isEncrypted(buffer(bytes)));
  CHECK_EQ(text(hbm::decrypted(file.path(), kPassphrase)), std::string(kPlain));
  CHECK_EQ(text(hbm::decrypted(buffer(bytes), kPassphrase)), std::string(kPlain));
}

TEST(a_runtime_takes_it_as_a_load_option) {
  testdriver::control().configure("");
  const std::string bytes = encrypted();
  const File file(bytes);
  CHECK_EQ(hbm::Runtime({file.path()}, with(kPassphrase)).modelCount(), 1U);
  CHECK_EQ(hbm::Runtime(std::vector<ModelBuffer>{buffer(bytes)}, with(kPassphrase)).modelCount(), 1U);
  CHECK(nullmodel::nothingHeld(testdriver::control()));
}

TEST(a_runtime_refuses_a_missing_another_and_a_needless_passphrase) {
  testdriver::control().configure("");
  const std::string bytes = encrypted();
  const std::string plain = kPlain;
  const File file(bytes);
  const std::vector<std::pair<std::function<void()>, const char*>> mistakes = {
      {[&] { const hbm::Runtime runtime({file.path()}); }, "is encrypted: give the passphrase"},
      {[&] { const hbm::Runtime runtime(std::vector<ModelBuffer>{buffer(bytes)}); },
       "is encrypted: give the passphrase"},
      {[&] { const hbm::Runtime runtime({file.path()}, with("guess")); }, "the passphrase is not that of '/tmp/hbm-"},
      {[&] { const hbm::Runtime runtime(std::vector<ModelBuffer>{buffer(plain)}, with(kPassphrase)); },
       "is not an encrypted model: load it without a passphrase"},
      {[&] { const hbm::Runtime runtime(nullmodel::anyFile(), with(kPassphrase)); }, "is not an encrypted model"},
  };
  for (const auto& [mistake, said] : mistakes) {
    const hbm::Error error = errorOf(mistake);
    CHECK(error.kind() == ErrorKind::kPassphrase);
    CHECK(std::string(error.what()).find(said) != std::string::npos);
  }
  CHECK(nullmodel::nothingHeld(testdriver::control()));
}

TEST(a_changed_byte_is_noticed_wherever_it_is) {
  const std::vector<std::pair<std::size_t, ErrorKind>> places = {
      {0, ErrorKind::kPassphrase},   // no encrypted model any more
      {8, ErrorKind::kModel},        // version
      {10, ErrorKind::kModel},       // key derivation
      {11, ErrorKind::kModel},       // cipher
      {12, ErrorKind::kModel},       // cost
      {13, ErrorKind::kModel},       // r
      {14, ErrorKind::kModel},       // p
      {16, ErrorKind::kPassphrase},  // salt
      {32, ErrorKind::kPassphrase},  // nonce, guarded by the HMAC
      {39, ErrorKind::kModel},       // reserved
      {40, ErrorKind::kPassphrase},  // the HMAC itself
      {72, ErrorKind::kContainer},   // content
      {100, ErrorKind::kContainer},  // its tag
  };
  for (const auto& [place, kind] : places) {
    std::string bytes = encrypted();
    bytes[place] = static_cast<char>(bytes[place] ^ 0x80);
    CHECK(errorOf([&] { static_cast<void>(hbm::decrypted(buffer(bytes), kPassphrase)); }).kind() == kind);
  }
}

TEST(a_model_that_was_cut_off_or_grew_is_refused) {
  for (const std::size_t size : {0U, 7U}) {
    const std::string bytes = encrypted().substr(0, size);
    CHECK(errorOf([&] { static_cast<void>(hbm::decrypted(buffer(bytes), kPassphrase)); }).kind() ==
          ErrorKind::kPassphrase);
  }
  for (const std::size_t size : {8U, 71U, 72U, 73U, 87U, 88U, 100U}) {
    const std::string bytes = encrypted().substr(0, size);
    CHECK(errorOf([&] { static_cast<void>(hbm::decrypted(buffer(bytes), kPassphrase)); }).kind() ==
          ErrorKind::kContainer);
  }
  const std::string longer = encrypted() + std::string(std::size_t{1} << 20U, 'x');
  CHECK(errorOf([&] { static_cast<void>(hbm::decrypted(buffer(longer), kPassphrase)); }).kind() ==
        ErrorKind::kContainer);
}
