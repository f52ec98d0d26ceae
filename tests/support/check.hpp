// A test framework in one file: PyPI carries none for C++, and a conformance binary has to run on a board with nothing
// installed. TEST(name) { CHECK(...); } in any number of files, one of them includes nothing else: check_main.cpp runs
// all tests, or those whose names contain the first argument; --list prints the names.
#pragma once

#include <atomic>
#include <cstdio>
#include <exception>
#include <sstream>
#include <string>
#include <vector>

namespace check {

struct Test {
  const char* name;
  void (*body)();
};

inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

struct Registration {
  Registration(const char* name, void (*body)()) { tests().push_back({name, body}); }
};

// Thrown by a failed CHECK: ends the test.
struct Failure {
  std::string text;
};

// Thrown by SKIP: what the test needs is not there.
struct Skipped {
  std::string reason;
};

inline std::atomic<int>& count() {
  static std::atomic<int> checks{0};
  return checks;
}

template <class A, class B>
void equal(const A& a, const B& b, const char* what, const char* file, int line) {
  ++count();
  if (a == b) {
    return;
  }
  std::ostringstream text;
  text << file << ':' << line << ": " << what << ": " << +a << " != " << +b;
  throw Failure{text.str()};
}

inline void equal(const std::string& a, const std::string& b, const char* what, const char* file, int line) {
  ++count();
  if (a != b) {
    throw Failure{std::string(file) + ':' + std::to_string(line) + ": " + what + ": \"" + a + "\" != \"" + b + '"'};
  }
}

inline void holds(bool condition, const char* what, const char* file, int line) {
  ++count();
  if (!condition) {
    throw Failure{std::string(file) + ':' + std::to_string(line) + ": " + what};
  }
}

}  // namespace check

#define TEST(name)                                                      \
  static void test_##name();                                            \
  static const check::Registration register_##name(#name, test_##name); \
  static void test_##name()

#define CHECK(condition) check::holds(static_cast<bool>(condition), #condition, __FILE__, __LINE__)
#define CHECK_EQ(a, b) check::equal((a), (b), #a " == " #b, __FILE__, __LINE__)
#define SKIP(reason) \
  throw check::Skipped { reason }
