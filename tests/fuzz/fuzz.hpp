// What the fuzz targets of host model files have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dnn/files/host_file.hpp"

namespace fuzz {

// Keeps the compiler from leaving out reads.
inline volatile std::size_t seen = 0;

// Reads a file and everything that the result points to: all of it has to lie inside the file.
inline void read(std::string_view file) {
  std::size_t sum = 0;
  const auto touch = [&](std::string_view bytes) {
    if (!bytes.empty() && (bytes.data() < file.data() || bytes.data() + bytes.size() > file.data() + file.size())) {
      __builtin_trap();
    }
    for (const char byte : bytes) {
      sum += static_cast<unsigned char>(byte);
    }
  };
  try {
    const bpusim::HostFile content = bpusim::readHostFile(file);
    touch(content.description);
    touch(content.march);
    touch(content.producer);
    for (const bpusim::HostModel& model : content.models) {
      touch(model.name);
      touch(model.description);
      touch(model.graph);
      touch(model.weights.value_or(std::string_view()));
      for (const auto* tensors : {&model.inputs, &model.outputs}) {
        for (const bpusim::HostTensor& tensor : *tensors) {
          touch(tensor.name);
          touch(tensor.graphName);
          touch(tensor.description);
        }
      }
      for (const bpusim::HostOperation& operation : model.operations) {
        touch(operation.name);
        touch(operation.type);
      }
    }
  } catch (const bpusim::HostFileError& error) {
    touch(file.substr(0, 1));
    sum += static_cast<unsigned char>(*error.what());
  }
  seen = seen + sum;
}

}  // namespace fuzz
