// Rules for the values in a host model file.
#pragma once

#include <string>
#include <string_view>

#include "dnn/files/host_file.hpp"

namespace bpusim {

// UTF-8 without NUL. Throws HostFileError that starts with `what`.
void checkText(std::string_view text, const std::string& what);

// The same, and not empty.
void checkName(std::string_view name, const std::string& what);

// Throws HostFileError that starts with `where`.
void checkTensor(const HostTensor& tensor, bool isOutput, const std::string& where);

}  // namespace bpusim
