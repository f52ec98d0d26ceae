#include <cstring>

#include "support/check.hpp"

int main(int argc, char** argv) {
  const char* filter = argc > 1 ? argv[1] : "";
  if (std::strcmp(filter, "--list") == 0) {
    for (const check::Test& test : check::tests()) {
      std::puts(test.name);
    }
    return 0;
  }
  int passed = 0;
  int failed = 0;
  int skipped = 0;
  for (const check::Test& test : check::tests()) {
    if (std::strstr(test.name, filter) == nullptr) {
      continue;
    }
    try {
      test.body();
      ++passed;
    } catch (const check::Skipped& skip) {
      std::printf("SKIP %s: %s\n", test.name, skip.reason.c_str());
      ++skipped;
    } catch (const check::Failure& failure) {
      std::printf("FAIL %s: %s\n", test.name, failure.text.c_str());
      ++failed;
    } catch (const std::exception& error) {
      std::printf("FAIL %s: %s\n", test.name, error.what());
      ++failed;
    }
    std::fflush(stdout);
  }
  std::printf("%d passed, %d failed, %d skipped (%d checks)\n", passed, failed, skipped, check::count().load());
  return failed == 0 && passed + skipped > 0 ? 0 : 1;
}
