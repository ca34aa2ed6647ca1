// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools;

import io.headrace.HeadraceException;
import io.headrace.channel.PosixBinding;
import io.headrace.tools.command.AuditCommand;
import io.headrace.tools.command.DemoCommand;
import io.headrace.tools.command.FrontendCommand;
import io.headrace.tools.command.RehearseCommand;
import io.headrace.tools.command.RequeueCommand;
import io.headrace.tools.command.StatCommand;
import io.headrace.tools.command.TailCommand;
import io.headrace.tools.command.WhoCommand;
import io.headrace.tools.command.WorkerCommand;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * The launcher's main class: one command of the tool. Exit codes: 0 for success and for a clean
 * stop, 1 for a failure with one line that says what and why, 2 for a wrong command line.
 */
@Command(
        name = "headrace",
        description = "A low-latency shared-memory message bus for the JVM.",
        mixinStandardHelpOptions = true,
        version = "headrace 0.1.0",
        synopsisSubcommandLabel = "COMMAND",
        footer = "  bench     Measures Headrace beside what else could be used (bench --help).")
public final class HeadraceMain implements Runnable {

    private static final Map<String, Class<?>> COMMANDS =
            Map.of(
                    "audit", AuditCommand.class,
                    "demo", DemoCommand.class,
                    "frontend", FrontendCommand.class,
                    "rehearse", RehearseCommand.class,
                    "requeue", RequeueCommand.class,
                    "stat", StatCommand.class,
                    "tail", TailCommand.class,
                    "who", WhoCommand.class,
                    "worker", WorkerCommand.class);

    @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

    public static void main(String[] args) {
        PosixBinding.defer();
        System.exit(execute(args));
    }

    /** Runs a command line and returns its exit code. */
    static int execute(String... args) {
        final CommandLine all = new CommandLine(new HeadraceMain());
        // To look at one command's options takes 40 ms, which every start of a worker would wait
        // for.
        final String name = args.length == 0 ? "" : args[0];
        if (COMMANDS.containsKey(name)) {
            all.addSubcommand(name, COMMANDS.get(name));
        } else {
            new TreeMap<>(COMMANDS).forEach(all::addSubcommand);
        }
        return all.setExecutionExceptionHandler(HeadraceMain::onFailure).execute(args);
    }

    private static int onFailure(
            Exception failure, CommandLine command, CommandLine.ParseResult parsed) {
        final boolean verbose =
                command.getCommandSpec().findOption("--verbose") != null
                        && command.getParseResult().hasMatchedOption("--verbose");
        if (verbose) {
            failure.printStackTrace(command.getErr());
        }
        final String line =
                failure instanceof HeadraceException ? failure.getMessage() : failure.toString();
        command.getErr().println("headrace " + command.getCommandName() + ": " + line);
        return CommandLine.ExitCode.SOFTWARE;
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "Missing command");
    }
}
