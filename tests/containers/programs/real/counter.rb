# SPDX-License-Identifier: MIT
# Answers with the number of requests so far, each in a thread.
require 'socket'
server = TCPServer.new('0.0.0.0', 8080)
count = 0
loop do
  Thread.new(server.accept) do |client|
    client.gets
    client.write("HTTP/1.0 200 OK\r\n\r\n#{count += 1}\n")
    client.close
  end
end
