// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.jvm;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/** With what the processes of tests are started. */
public final class JvmFlags {

    private JvmFlags() {}

    /**
     * This JVM's own flags but for its heap and its agents, and what makes short-lived JVMs start
     * fast, of which verifying classes is a fifth.
     */
    public static List<String> forShortLives() {
        final List<String> flags = new ArrayList<>();
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> !flag.startsWith("-Xm") && !flag.matches("-(java)?agent.*"))
                .filter(flag -> !flag.startsWith("-Dsurefire"))
                .forEach(flags::add);
        flags.addAll(List.of("-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        flags.addAll(List.of("-XX:+UnlockDiagnosticVMOptions", "-XX:-BytecodeVerificationRemote"));
        return flags;
    }
}
