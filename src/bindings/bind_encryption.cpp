// Reading encrypted models outside of a runtime; writing them is Python's.
#include "bindings/bindings.hpp"
#include "bindings/interpreter/gil.hpp"
#include "bindings/objects/model_buffer.hpp"
#include "core/encryption/encryption.hpp"

namespace hbm::python {
namespace {

py::bytearray plainBytes(const crypto::SecretBytes& plain) {
  return {reinterpret_cast<const char*>(plain.data()), plain.size()};
}

}  // namespace

void bindEncryption(py::module_& module) {
  module.def(
      "_decrypt_file",
      [](const py::bytes& file, const py::bytes& passphrase) {
        const std::string path(file);
        const std::string secret(passphrase);
        return plainBytes(withoutGil([&] { return decrypted(path, secret); }));
      },
      py::arg("file"), py::arg("passphrase"));
  module.def(
      "_decrypt_buffer",
      [](const py::buffer& buffer, const py::bytes& passphrase) {
        const py::buffer_info info = buffer.request();
        const ModelBuffer memory = modelBuffer(info);
        const std::string secret(passphrase);
        return plainBytes(withoutGil([&] { return decrypted(memory, secret); }));
      },
      py::arg("buffer"), py::arg("passphrase"));
  module.def(
      "_is_encrypted_file", [](const py::bytes& file) { return isEncrypted(std::string(file)); }, py::arg("file"));
  module.def(
      "_is_encrypted_buffer",
      [](const py::buffer& buffer) {
        const py::buffer_info info = buffer.request();
        return isEncrypted(modelBuffer(info));
      },
      py::arg("buffer"));
}

}  // namespace hbm::python
