// Runs another program and takes what it prints.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

namespace process {

struct Result {
  int status = -1;  // what exit() was given; minus the signal that killed it; -1000 when it had to be stopped
  std::string output;
  std::string errors;
  std::chrono::milliseconds took{0};
};

inline constexpr int kHung = -1000;

// For programs that fork: LeakSanitizer waits in the child for locks that threads of the parent held, for ever.
inline const std::vector<std::string> kNoLeakCheck = {"ASAN_OPTIONS=detect_leaks=0"};

// Becomes the command.
[[noreturn]] inline void execute(const std::vector<std::string>& command, const std::vector<std::string>& environment) {
  for (const std::string& variable : environment) {
    const std::size_t equals = variable.find('=');
    if (equals == std::string::npos) {
      unsetenv(variable.c_str());
    } else {
      setenv(variable.substr(0, equals).c_str(), variable.c_str() + equals + 1, 1);
    }
  }
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  _exit(127);
}

// environment: NAME=value, added to the caller's; a bare NAME removes that variable.
inline Result run(const std::vector<std::string>& command, const std::vector<std::string>& environment = {},
                  std::chrono::seconds patience = std::chrono::seconds(60)) {
  using Clock = std::chrono::steady_clock;
  int out[2];
  int err[2];
  Result result;
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) {
    return result;
  }
  const Clock::time_point begin = Clock::now();
  const pid_t child = fork();
  if (child == 0) {
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    execute(command, environment);
  }
  close(out[1]);
  close(err[1]);
  pollfd pipes[2] = {{out[0], POLLIN, 0}, {err[0], POLLIN, 0}};
  std::string* const texts[2] = {&result.output, &result.errors};
  int open = 2;
  bool hung = false;
  while (open > 0) {
    if (!hung && Clock::now() - begin > patience) {
      kill(child, SIGKILL);
      hung = true;
    }
    poll(pipes, 2, 100);
    for (int i = 0; i < 2; ++i) {
      if (pipes[i].fd < 0 || pipes[i].revents == 0) {
        continue;
      }
      char buffer[4096];
      const ssize_t count = read(pipes[i].fd, buffer, sizeof buffer);
      if (count > 0) {
        texts[i]->append(buffer, static_cast<std::size_t>(count));
      } else if (count == 0 || errno != EINTR) {
        close(pipes[i].fd);
        pipes[i].fd = -1;
        --open;
      }
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  result.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  if (hung) {
    result.status = kHung;
  }
  return result;
}

}  // namespace process
