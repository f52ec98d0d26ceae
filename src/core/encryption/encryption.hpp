// Models that only a passphrase opens: reads what hbm_runtime.encryption in Python writes. The format is described in
// docs/guide/encrypted-models.md.
#pragma once

#include <string>

#include "core/encryption/crypto_library.hpp"
#include "hbm_runtime/error.hpp"
#include "hbm_runtime/runtime.hpp"

namespace hbm {

// What the kinds of the C++ interface do not tell apart, for callers that do.
class EncryptedModel : public Error {  // not encrypted, cut off in its header, or of a kind that is not known
 public:
  using Error::Error;
};

class WrongPassphrase : public EncryptedModel {
 public:
  using EncryptedModel::EncryptedModel;
};

class TamperedModel : public EncryptedModel {  // changed or cut off after it was encrypted
 public:
  using EncryptedModel::EncryptedModel;
};

// True if a model begins like an encrypted one; false for what is no file or cannot be read.
[[nodiscard]] bool isEncrypted(const std::string& file);
[[nodiscard]] bool isEncrypted(const ModelBuffer& buffer) noexcept;

// The plain model. Throws Error: EncryptedModel with kPassphrase (another one, or the model is not encrypted),
// kContainer (changed or cut off) or kModel (a kind that this version does not read); kFileNotFound, kIo, and those of
// the crypto library.
[[nodiscard]] crypto::SecretBytes decrypted(const std::string& file, const std::string& passphrase);
[[nodiscard]] crypto::SecretBytes decrypted(const ModelBuffer& buffer, const std::string& passphrase);

}  // namespace hbm
