// Model files, as whoever opens one checks them first.
#pragma once

#include <string>

namespace hbm {

// Throws Error kFileNotFound or kIo unless there is a regular file that can be read.
void requireFile(const std::string& file);

}  // namespace hbm
