using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>The methods of a compiled assembly, read from its instructions (ECMA-335, partition III).</summary>
internal static class CompiledMethods
{
    private static readonly Dictionary<short, OpCode> OpCodes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    /// <summary>Every method of <paramref name="assembly"/> that has a body.</summary>
    public static IReadOnlyList<CompiledMethod> Of(Assembly assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly.Location));
        var metadata = file.GetMetadataReader();
        return [.. metadata.MethodDefinitions
            .Where(handle => metadata.GetMethodDefinition(handle).RelativeVirtualAddress != 0)
            .Select(handle => Read(file, metadata, handle))];
    }

    /// <summary>
    /// Those that build: constructors, methods called Build or TryBuild, and whatever is used by such methods alone. All else runs, what
    /// is called from other assemblies or through an interface included, because who calls it cannot be seen.
    /// </summary>
    /// <param name="methods">All methods of an assembly.</param>
    /// <param name="isCold">Others that build, by where they are: the checks and builders of what the file says.</param>
    public static IReadOnlySet<int> ThatBuild(IReadOnlyList<CompiledMethod> methods, Func<CompiledMethod, bool> isCold)
    {
        var roots = methods.Where(method => method.Name is ".ctor" or ".cctor" or "Build" or "TryBuild" || isCold(method)).Select(method => method.Token).ToHashSet();
        var users = methods.SelectMany(method => method.Uses.Where(used => used != method.Token).Select(used => (used, method.Token)))
            .ToLookup(pair => pair.used, pair => pair.Token);
        var building = methods.Select(method => method.Token).Where(method => roots.Contains(method) || users.Contains(method)).ToHashSet();
        while (building.RemoveWhere(method => !roots.Contains(method) && !users[method].All(building.Contains)) > 0)
        {
            // Until nothing more that runs is found among them.
        }

        return building;
    }

    private static CompiledMethod Read(PEReader file, MetadataReader metadata, MethodDefinitionHandle handle)
    {
        var method = metadata.GetMethodDefinition(handle);
        var type = metadata.GetTypeDefinition(method.GetDeclaringType());
        while (!type.GetDeclaringType().IsNil)
        {
            type = metadata.GetTypeDefinition(type.GetDeclaringType());
        }

        var calls = new List<(string, string)>();
        var uses = new List<int>();
        foreach (var operand in MethodOperands(file.GetMethodBody(method.RelativeVirtualAddress).GetILReader()))
        {
            var called = operand.Kind == HandleKind.MethodSpecification
                ? metadata.GetMethodSpecification((MethodSpecificationHandle)operand).Method
                : operand;
            if (called.Kind == HandleKind.MethodDefinition)
            {
                uses.Add(MetadataTokens.GetToken(called));
            }
            else if (metadata.GetMemberReference((MemberReferenceHandle)called) is { Parent.Kind: HandleKind.TypeReference } member)
            {
                var owner = metadata.GetTypeReference((TypeReferenceHandle)member.Parent);
                calls.Add(($"{metadata.GetString(owner.Namespace)}.{metadata.GetString(owner.Name)}", metadata.GetString(member.Name)));
            }
        }

        return new CompiledMethod(
            MetadataTokens.GetToken(handle), metadata.GetString(type.Namespace), metadata.GetString(type.Name).Split('`')[0], metadata.GetString(method.Name), calls, uses);
    }

    private static List<EntityHandle> MethodOperands(BlobReader body)
    {
        var operands = new List<EntityHandle>();
        while (body.RemainingBytes > 0)
        {
            var first = body.ReadByte();
            var code = OpCodes[first == 0xFE ? (short)(0xFE00 | body.ReadByte()) : first];
            switch (code.OperandType)
            {
                case OperandType.InlineMethod:
                    operands.Add(MetadataTokens.EntityHandle(body.ReadInt32()));
                    break;
                case OperandType.InlineSwitch:
                    var targets = body.ReadInt32();
                    body.Offset += 4 * targets;
                    break;
                default:
                    body.Offset += Size(code.OperandType);
                    break;
            }
        }

        return operands;
    }

    private static int Size(OperandType operand) => operand switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        _ => 4,
    };
}
