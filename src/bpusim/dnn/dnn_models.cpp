// hbDNNInitializeFromFiles, hbDNNInitializeFromDDR, hbDNNRelease, hbDNNGetModelNameList, hbDNNGetModelHandle.
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "dnn/arguments.hpp"
#include "dnn/engine/load_options.hpp"
#include "dnn/entry.hpp"
#include "dnn/loading/model_loading.hpp"
#include "dnn/model/packed.hpp"

namespace bpusim {
namespace {

// Every name to keep has to be in one of the models.
void checkKept(const std::vector<LoadedFile>& files, const LoadOptions& options) {
  std::unordered_set<std::string> missing(options.keep.begin(), options.keep.end());
  for (const LoadedFile& file : files) {
    for (const std::shared_ptr<const Model>& model : file.models) {
      for (const std::string& name : model->source.keep) {
        missing.erase(name);
      }
    }
  }
  if (!missing.empty()) {
    throw Error(HB_DNN_INVALID_ARGUMENT,
                "load options: '" + *missing.begin() + "' in keep is no intermediate tensor of these models");
  }
}

// Loads what fileAt(index) gives.
template <class FileAt>
[[nodiscard]] hbDNNPackedHandle_t load(std::int32_t count, FileAt&& fileAt) {
  const LoadOptions options = loadOptions();
  std::vector<LoadedFile> files;
  for (std::int32_t i = 0; i < count; ++i) {
    files.push_back(loadFile(fileAt(i), options, static_cast<std::size_t>(i)));
  }
  checkKept(files, options);
  return ModelTable::instance().add(std::make_shared<PackedModels>(std::move(files)));
}

}  // namespace
}  // namespace bpusim

using namespace bpusim;

BPUSIM_EXPORT std::int32_t hbDNNInitializeFromFiles(hbDNNPackedHandle_t* packedHandle, const char** files,
                                                    std::int32_t fileCount) {
  return guarded(__func__, [&] {
    require(packedHandle, "packedHandle");
    require(files, "files");
    requirePositive(fileCount, "fileCount");
    *packedHandle = load(fileCount, [&](std::int32_t i) {
      require(files[i], "a file name");
      return ModelFile{FileBytes::map(files[i]), files[i], files[i]};
    });
  });
}

BPUSIM_EXPORT std::int32_t hbDNNInitializeFromDDR(hbDNNPackedHandle_t* packedHandle, const void** data,
                                                  std::int32_t* lengths, std::int32_t dataCount) {
  return guarded(__func__, [&] {
    require(packedHandle, "packedHandle");
    require(data, "data");
    require(lengths, "lengths");
    requirePositive(dataCount, "dataCount");
    *packedHandle = load(dataCount, [&](std::int32_t i) {
      require(data[i], "a piece of data");
      requirePositive(lengths[i], "a length");
      return ModelFile{FileBytes::copy(data[i], static_cast<std::size_t>(lengths[i])),
                       "<memory:" + std::to_string(i) + ">", ""};
    });
  });
}

BPUSIM_EXPORT std::int32_t hbDNNRelease(hbDNNPackedHandle_t packedHandle) {
  return guarded(__func__, [&] { ModelTable::instance().release(packedHandle); });
}

BPUSIM_EXPORT std::int32_t hbDNNGetModelNameList(const char*** names, std::int32_t* count,
                                                 hbDNNPackedHandle_t packedHandle) {
  return guarded(__func__, [&] {
    require(names, "names");
    require(count, "count");
    const auto packed = ModelTable::instance().packed(packedHandle);
    // The ABI's type; nobody writes to the list.
    *names = const_cast<const char**>(packed->names().data());  // NOLINT
    *count = static_cast<std::int32_t>(packed->names().size());
  });
}

BPUSIM_EXPORT std::int32_t hbDNNGetModelHandle(hbDNNHandle_t* model, hbDNNPackedHandle_t packedHandle,
                                               const char* name) {
  return guarded(__func__, [&] {
    require(model, "model");
    require(name, "name");
    *model = ModelTable::instance().handleOf(packedHandle, name);
  });
}
