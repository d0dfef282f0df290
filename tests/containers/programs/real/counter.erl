%% SPDX-License-Identifier: MIT
%% escript: answers with the number of requests so far, from a process that only counts.
main(_) ->
    {ok, Listener} = gen_tcp:listen(8080, [binary, {active, false}, {reuseaddr, true}]),
    Counter = spawn(fun() -> count(0) end),
    accept(Listener, Counter).

count(N) ->
    receive
        From -> From ! {count, N + 1}, count(N + 1)
    end.

accept(Listener, Counter) ->
    {ok, Client} = gen_tcp:accept(Listener),
    _ = gen_tcp:recv(Client, 0),
    Counter ! self(),
    receive
        {count, N} -> gen_tcp:send(Client, io_lib:format("HTTP/1.0 200 OK\r\n\r\n~b~n", [N]))
    end,
    gen_tcp:close(Client),
    accept(Listener, Counter).
