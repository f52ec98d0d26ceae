// Models that only a passphrase opens: reads what hbm_runtime.encryption in Python writes. The format is described in
// docs/guide/encrypted-models.md.
#pragma once

#include <string>

#include "core/encryption/crypto_library.hpp"
#include "hbm_runtime/runtime.hpp"

namespace hbm {

// Whether a model begins like an encrypted one; false for files that cannot be read.
[[nodiscard]] bool isEncrypted(const std::string& file);
[[nodiscard]] bool isEncrypted(const ModelBuffer& buffer) noexcept;

// The plain model. Throws Error: kPassphrase (another one, or the model is not encrypted), kContainer (changed or cut
// off), kModel (a kind that this version does not read), kIo, and those of the crypto library.
[[nodiscard]] crypto::SecretBytes decrypted(const std::string& file, const std::string& passphrase);
[[nodiscard]] crypto::SecretBytes decrypted(const ModelBuffer& buffer, const std::string& passphrase);

}  // namespace hbm
